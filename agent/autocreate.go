package agent

import (
	"fmt"

	"postrider/agent/track"
	"postrider/offline"
)

// createSender queues the record that is made for the sender of a message that
// is tracked now and whom the CRM does not know (R-EMAIL-10), and returns it; the
// zero Ref: nothing is to be waited for. It has a lane of its own: what becomes of
// it does not touch the email, which goes without it where it is refused.
func (a *Agent) createSender(tx *offline.Tx, m *offline.Message) (offline.Ref, error) {
	u := a.me()
	from := track.From(m)
	if u.Options.AutoCreate == "" || u.Organization == "" || len(from) == 0 {
		return offline.Ref{}, nil
	}
	holders, err := tx.RecordsByAddress(from[0].Addr)
	if err != nil {
		return offline.Ref{}, err
	}
	who, ok := track.Stranger(m, holders, u.Options, append([]string{offline.Fold(u.Address)}, a.Settings.Own...))
	if !ok {
		return offline.Ref{}, nil
	}
	if ok, err := peopleKnown(tx); err != nil || !ok {
		return offline.Ref{}, err
	}
	r := offline.Ref{Kind: who.Kind, ID: a.personID(who.Kind, who.Address)}
	waiting, err := tx.Lane(lane(r))
	if err != nil {
		return offline.Ref{}, err
	}
	if len(waiting) == 0 {
		c := offline.Change{Lane: lane(r), Op: offline.OpCreateRecord, Record: r, Fields: who.Fields, Queued: a.Now().UTC()}
		if err := tx.Enqueue(&c); err != nil {
			return offline.Ref{}, err
		}
	}
	return r, nil
}

// peopleKnown reports whether all records of people were read: a sender whose
// record the user may not see, or that was not pulled yet, is not unknown.
func peopleKnown(tx *offline.Tx) (bool, error) {
	for _, k := range []offline.Kind{offline.KindUser, offline.KindContact, offline.KindAccount, offline.KindLead} {
		c, err := tx.CRMCursor(k)
		if err != nil || c.Denied || c == (offline.CRMCursor{Kind: k}) || c.Next != "" {
			return false, err
		}
	}
	return true, nil
}

// comesFirst reports whether a record that an email waits for is still to be
// made. One that is refused is not waited for, nor one that the server fails on
// again and again.
func comesFirst(tx *offline.Tx, r offline.Ref) bool {
	if r.IsZero() {
		return false
	}
	cs, err := tx.Lane(lane(r))
	return err == nil && len(cs) > 0 && cs[0].Op == offline.OpCreateRecord && !cs[0].Parked && cs[0].Attempts < freshTries
}

// automatic reports whether a change makes a record for an unknown sender, as
// opposed to one that the user asked for: its id says so.
func (a *Agent) automatic(c offline.Change) bool {
	return c.Op == offline.OpCreateRecord && c.Item == 0 && c.Record.ID == a.personID(c.Record.Kind, c.Fields["email"])
}

// needless takes the create of a sender's record out of the queue where somebody
// has made one meanwhile.
func (a *Agent) needless(tx *offline.Tx, c offline.Change) (bool, error) {
	if !a.automatic(c) {
		return false, nil
	}
	rs, err := tx.RecordsByAddress(c.Fields["email"])
	if err != nil || len(rs) == 0 {
		return false, err
	}
	return true, tx.DropChange(c.ID)
}

// giveUpPerson drops the create of a sender's record that the CRM refused, and
// says so: the email goes without it, and the next message of that sender tries
// again.
func (a *Agent) giveUpPerson(tx *offline.Tx, c offline.Change, reason string) error {
	if err := tx.DropChange(c.ID); err != nil {
		return err
	}
	text := fmt.Sprintf("%s could not be added as a %s: %s", c.Fields["email"], c.Record.Kind, reason)
	return tx.Log(offline.Activity{At: a.Now().UTC(), What: "problem", Record: c.Record, Text: text})
}

// pendingOptions applies what the user chose here, and what was not carried to the
// CRM yet, to what the CRM says: the user's pending word is the newer one.
func pendingOptions(tx *offline.Tx, u *offline.User) error {
	mailbox := offline.Ref{Kind: KindMailbox, ID: u.Options.Methods.Mailbox}
	for _, name := range []string{optionsLane(*u), lane(mailbox)} {
		cs, err := tx.Lane(name)
		if err != nil {
			return err
		}
		for _, c := range cs {
			pendingOption(c, &u.Options)
		}
	}
	return nil
}

func pendingOption(c offline.Change, o *offline.Options) {
	for word, value := range c.Fields {
		switch {
		case c.Op == offline.OpSetOptions && word == "filter":
			o.Filter = value
		case c.Op == offline.OpSetOptions && word == "auto_create":
			o.AutoCreate = offline.Kind(value)
		case c.Op == offline.OpSetMethods && word == "incoming" && !c.Parked:
			o.Methods.Incoming = offline.Method(value)
		case c.Op == offline.OpSetMethods && word == "outgoing" && !c.Parked:
			o.Methods.Outgoing = offline.Method(value)
		}
	}
}
