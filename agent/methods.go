package agent

import (
	"errors"
	"fmt"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// KindMailbox is the kind of the record in which the CRM keeps who moves a
// user's mail.
const KindMailbox offline.Kind = "mailbox"

// carriesIncoming reports whether incoming mail is Postrider's to track by
// itself: another method, or none, means that it is not (R-EMAIL-09,
// R-METHOD-02). Where the CRM does not say, it is.
func (a *Agent) carriesIncoming() bool { return carries(a.me().Options.Methods.Incoming) }

func carries(incoming offline.Method) bool {
	return incoming == "" || incoming == offline.MethodClient
}

// sayMethods makes it a problem at hand where the CRM has somebody else move the
// user's mail.
func (a *Agent) sayMethods() {
	const subject = "methods"
	a.sayItems()
	m := a.me().Options.Methods
	change := "Ask your administrator if that is to change."
	if m.MayChange {
		change = "You may change that."
	}
	say := func(k health.Kind, is bool, text string) {
		if is {
			a.health.Set(k, subject, text+" "+change)
		} else {
			a.health.Clear(k, subject)
		}
	}
	say(health.IncomingElsewhere, !a.carriesIncoming(), "Incoming mail: "+mover(m.Incoming)+" Postrider tracks no message by itself; what you track by hand, by folder or by keyword is carried as ever.")
	on, err := a.CRMMail()
	elsewhere := m.Outgoing != "" && m.Outgoing != offline.MethodClient
	say(health.OutgoingElsewhere, elsewhere, "Outgoing mail: "+mover(m.Outgoing)+" What you write in the CRM is not sent by Postrider; what you write here is.")
	if ours := m.Outgoing == offline.MethodClient; ours && (err == nil && !on || a.Sender == nil && a.PendingMail != nil) {
		reason := "sending mail of the CRM from this computer is switched off."
		if a.Sender == nil {
			reason = "no mail server for sending is set up here."
		}
		a.health.Set(health.PendingStays, subject, "The CRM leaves the user's outgoing mail to a program as this one, but "+reason+" What you send in the CRM waits there.")
	} else {
		a.health.Clear(health.PendingStays, subject)
	}
}

// mover says in a sentence who moves the mail.
func mover(m offline.Method) string {
	switch m {
	case offline.MethodNone:
		return "the CRM is set so that nobody moves it."
	case offline.MethodServer:
		return "the CRM is set so that its server moves it (server-side synchronization or the email router)."
	case offline.MethodForward:
		return "the CRM is set so that a forward mailbox collects it."
	}
	return "the CRM is set so that a program at the user's desk moves it."
}

// errMethods says that methods can't be changed from here.
var errMethods = errors.New("the CRM does not let you change who moves your mail; ask your administrator")

// SetMethods chooses who moves the user's incoming and outgoing mail; an empty
// one stays as it is (R-METHOD-01). It is carried to the CRM by the queue and
// holds here at once.
func (a *Agent) SetMethods(in, out offline.Method) error {
	u := a.me()
	m := u.Options.Methods
	if m.Mailbox == "" || !m.MayChange {
		return errMethods
	}
	valid := func(m offline.Method, incoming bool) bool {
		return m == "" || m == offline.MethodNone || m == offline.MethodClient || m == offline.MethodServer || incoming && m == offline.MethodForward
	}
	if !valid(in, true) || !valid(out, false) {
		return fmt.Errorf("who moves the mail can be none, client or server, and for incoming mail forward; not %q and %q", in, out)
	}
	fields := offline.Fields{}
	if in != "" && in != m.Incoming {
		fields["incoming"], m.Incoming = string(in), in
	}
	if out != "" && out != m.Outgoing {
		fields["outgoing"], m.Outgoing = string(out), out
	}
	if len(fields) == 0 {
		return nil
	}
	u.Options.Methods = m
	err := a.Store.Update(func(tx *offline.Tx) error {
		r := offline.Ref{Kind: KindMailbox, ID: m.Mailbox}
		c := offline.Change{Lane: lane(r), Op: offline.OpSetMethods, Record: r, Queued: a.Now().UTC(), Fields: fields}
		if err := tx.Enqueue(&c); err != nil {
			return err
		}
		return tx.PutSetting(settingUser, u)
	})
	if err != nil {
		return fmt.Errorf("choose who moves the mail: %w", err)
	}
	a.mu.Lock()
	a.user.Options.Methods = m
	a.mu.Unlock()
	a.sayMethods()
	trigger(a.wakePush)
	return nil
}

const (
	// settingOther is when another computer of the user was last seen at work,
	// a time.Time.
	settingOther = "other-computer"
	// settingBorn is when this profile first heard from the CRM, a time.Time.
	settingBorn = "born"
	// otherFor is for how long that is told.
	otherFor = 7 * 24 * time.Hour
)

// noticeOther recognises the work of another computer of the user (R-TRACK-12):
// a record of theirs with the id that only a Postrider chooses for a message,
// made since this profile is there, that this one neither made nor is making.
// Nothing is doubled by it: both choose the same id.
func (a *Agent) noticeOther(tx *offline.Tx, r *offline.Record) error {
	me := a.me()
	if r.Email == nil || r.Email.Identity == "" || r.Owner.ID != me.ID || me.ID == "" {
		return nil
	}
	if id := a.recordID(&offline.Message{Identity: r.Email.Identity, Outgoing: r.Email.Outgoing}); id != r.ID {
		return nil
	}
	var born time.Time
	if ok, err := tx.Setting(settingBorn, &born); err != nil || !ok || r.Created.Before(born) {
		return err
	}
	if _, err := tx.LinkByRecord(r.Ref); err == nil {
		return nil
	}
	changes, err := tx.Lane(lane(r.Ref))
	if err != nil || len(changes) > 0 {
		return err
	}
	if m, err := tx.MessageByIdentity(r.Email.Identity); err == nil && m.Track.Declined {
		return nil // untracked here; the record stayed
	}
	if err := tx.PutSetting(settingOther, r.Created); err != nil {
		return err
	}
	a.sayOther(r.Created)
	return nil
}

// sayOther tells of another computer for a week.
func (a *Agent) sayOther(at time.Time) {
	if at.IsZero() || a.Now().Sub(at) > otherFor {
		a.health.Clear(health.OtherComputer, "crm")
		return
	}
	a.health.Set(health.OtherComputer, "crm", fmt.Sprintf("Another Postrider of yours tracked a message at %s. Both may run: each message becomes one record, and mail of the CRM is sent by one of them.", at.Local().Format("2006-01-02 15:04")))
}

// restoreMethods takes up what the last run knew of who moves the mail.
func (a *Agent) restoreMethods(tx *offline.Tx) error {
	var at time.Time
	_, err := tx.Setting(settingOther, &at)
	a.sayOther(at)
	return err
}

// bornNow notes when this profile first heard from the CRM.
func (a *Agent) bornNow(tx *offline.Tx) error {
	var born time.Time
	ok, err := tx.Setting(settingBorn, &born)
	if err != nil || ok {
		return err
	}
	return tx.PutSetting(settingBorn, a.Now().UTC())
}
