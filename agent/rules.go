package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

// chosen is what the user and the organization chose, made ready for decisions.
// Made once, because regular expressions are dear to make.
type chosen struct {
	rules offline.Rules
	never track.NeverList

	of     optionKey
	tokens track.Tokens
	smart  track.Smart
}

// optionKey is what tokens and smart are made of.
type optionKey struct {
	prefixes, noise          string
	digits                   int
	smart                    bool
	words, different, people int
}

func keyOfOptions(o offline.Options) optionKey {
	return optionKey{strings.Join(o.TokenPrefixes, "\x00"), o.SmartNoise, o.TokenDigits, o.Smart, o.SmartMaxWords, o.SmartSubjectDelta, o.SmartMinPeople}
}

// trackSettings are the user's choices joined with what the organization says.
func (a *Agent) trackSettings() track.Settings {
	a.mu.Lock()
	defer a.mu.Unlock()
	o, c := a.user.Options, &a.chosen
	if k := keyOfOptions(o); k != c.of {
		c.of, c.tokens, c.smart = k, track.NewTokens(o.TokenPrefixes, o.TokenDigits), track.NewSmart(o)
	}
	s := track.Settings{
		Filter:        a.filterOf(o),
		Since:         latest(a.Settings.Since, c.rules.Since),
		Sent:          c.rules.Sent,
		Never:         c.never,
		Tokens:        c.tokens,
		Smart:         c.smart,
		NoHeaders:     a.user.ID != "" && !o.CorrelateHeader,
		Elsewhere:     !carries(o.Methods.Incoming),
		TwoActivities: o.TwoActivities,
	}
	if a.Settings.SentFixed {
		s.Sent = a.Settings.Sent
	}
	if s.Smart.On {
		s.Past = s.Smart.Past()
	}
	return s
}

// filterOf is the filter that holds: the configuration's, else the user's own in
// the CRM, else replies (R-EMAIL-01).
func (a *Agent) filterOf(o offline.Options) track.Filter {
	if a.Settings.Filter != "" {
		return a.Settings.Filter
	}
	if own, err := track.ParseFilter(o.Filter); err == nil {
		return own
	}
	return track.Replies
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// restoreRules takes up the rules as they are kept.
func (a *Agent) restoreRules(tx *offline.Tx) error {
	r, err := a.rules(tx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.chosen.rules, a.chosen.never = r, track.NewNeverList(r.Never)
	a.mu.Unlock()
	return nil
}

// Rules returns what the user chose about tracking on this computer. Where the
// configuration says something about sent mail, that holds and is what Rules
// tells (FixedByConfig).
func (a *Agent) Rules() offline.Rules {
	var r offline.Rules
	if err := a.Store.View(func(tx *offline.Tx) (err error) { r, err = a.rules(tx); return err }); err != nil {
		a.Log.Warn("the rules could not be read", "err", err)
		a.mu.Lock()
		r = a.chosen.rules
		a.mu.Unlock()
	}
	if a.Settings.SentFixed {
		r.Sent = a.Settings.Sent
	}
	r.Since = latest(a.Settings.Since, r.Since)
	return r
}

// SetRules keeps what the user chose. The tracked folders stay as they are:
// TrackFolder and its likes change them. What was decided before stays decided.
func (a *Agent) SetRules(r offline.Rules) error {
	never, err := cleanNever(r.Never)
	if err != nil {
		return err
	}
	err = a.Store.Update(func(tx *offline.Tx) error {
		err := a.changeRules(tx, func(kept *offline.Rules) error {
			r.Folders, r.Never = kept.Folders, never
			if !r.Since.After(a.Settings.Since) {
				r.Since = time.Time{} // the configuration's own, as Rules told it
			}
			*kept = r
			return nil
		})
		if err != nil {
			return err
		}
		return a.restoreRules(tx)
	})
	if err != nil {
		return fmt.Errorf("keep the rules: %w", err)
	}
	a.notify()
	return nil
}

// cleanNever folds the entries of a never-track list and takes out doubles.
func cleanNever(list []offline.Never) (out []offline.Never, err error) {
	for _, n := range list {
		n.Address, n.Domain = offline.Fold(n.Address), strings.Trim(offline.Fold(n.Domain), "@.")
		given := 0
		for _, is := range []bool{n.Address != "", n.Domain != "", n.Folder != 0} {
			if is {
				given++
			}
		}
		switch {
		case given != 1:
			return nil, errors.New("an entry of the never-track list is one address, one domain or one folder")
		case n.Address != "" && !strings.Contains(strings.Trim(n.Address, "@"), "@"):
			return nil, fmt.Errorf("%q is not a mail address; for a whole domain, enter it as a domain", n.Address)
		case strings.ContainsAny(n.Domain, "@ "):
			return nil, fmt.Errorf("%q is not a domain, such as example.com", n.Domain)
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}

// Filter returns the tracking filter that holds on this computer. `[track] filter`
// in the configuration is the stronger word (FixedByConfig); without it the filter
// is the user's own in the CRM, which the web client shows, too.
func (a *Agent) Filter() track.Filter {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.filterOf(a.user.Options)
}

// FixedByConfig tells what the configuration says, so that a choice in the window
// does not change it on this computer: the filter, and whether sent mail is
// looked at.
func (a *Agent) FixedByConfig() (filter, sent bool) {
	return a.Settings.Filter != "", a.Settings.SentFixed
}

// SetFilter chooses the tracking filter: here at once, and in the user's own
// settings in the CRM as soon as that can be reached, so that every client agrees.
// Until then this choice goes before what the CRM says. What was decided before
// stays decided.
func (a *Agent) SetFilter(f track.Filter) error {
	f, err := track.ParseFilter(string(f))
	if err != nil {
		return err
	}
	return a.setOption("filter", string(f), func(o *offline.Options) { o.Filter = string(f) })
}

// AutoCreate returns what is made for senders whom the CRM does not know:
// contacts, leads, or nothing (empty).
func (a *Agent) AutoCreate() offline.Kind { return a.me().Options.AutoCreate }

// SetAutoCreate chooses what is made for senders whom the CRM does not know
// (R-EMAIL-10): a contact, a lead, or nothing (empty). It is carried as SetFilter
// carries the filter.
func (a *Agent) SetAutoCreate(kind offline.Kind) error {
	switch kind {
	case "", offline.KindContact, offline.KindLead:
	default:
		return fmt.Errorf("a %s can't be made for an unknown sender; choose a contact, a lead or nothing", kind)
	}
	if kind != "" && !a.me().Options.May(kind) {
		return fmt.Errorf("you may not make a %s in the CRM; ask your administrator for the right", kind)
	}
	return a.setOption("auto_create", string(kind), func(o *offline.Options) { o.AutoCreate = kind })
}

var errNobody = errors.New("the CRM was never reached yet, so it isn't known whose settings to change; try again after the first sync")

// optionsLane is the lane in which changes of a user's own settings go.
func optionsLane(u offline.User) string { return "options:" + u.ID }

// setOption changes one of the user's own settings in the CRM.
func (a *Agent) setOption(word, value string, change func(*offline.Options)) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		u := a.me()
		if u.ID == "" {
			return errNobody
		}
		// What was refused before is no longer wanted.
		cs, err := tx.Lane(optionsLane(u))
		if err != nil {
			return err
		}
		for _, c := range cs {
			if _, same := c.Fields[word]; same && c.Parked {
				if err := tx.DropChange(c.ID); err != nil {
					return err
				}
			}
		}
		c := offline.Change{
			Lane: optionsLane(u), Op: offline.OpSetOptions, Record: offline.Ref{Kind: offline.KindUser, ID: u.ID},
			Fields: offline.Fields{word: value}, Queued: a.Now().UTC(),
		}
		if err := tx.Enqueue(&c); err != nil {
			return err
		}
		change(&u.Options)
		return a.keepUser(tx, u)
	})
	if err != nil {
		return fmt.Errorf("change your settings: %w", err)
	}
	a.health.Clear(health.OptionsRefused, optionsSubject)
	a.notify()
	trigger(a.wakePush)
	return nil
}

// keepUser keeps what is known of the user, on disk and at hand. Within the
// transaction: there is one writer, so that the two never part.
func (a *Agent) keepUser(tx *offline.Tx, u offline.User) error {
	if err := tx.PutSetting(settingUser, u); err != nil {
		return err
	}
	a.mu.Lock()
	a.user = u
	a.mu.Unlock()
	return nil
}

const optionsSubject = "settings"

// restoreOptions takes up that a choice was refused in an earlier run.
func (a *Agent) restoreOptions(tx *offline.Tx) {
	cs, err := tx.Lane(optionsLane(a.user))
	if err != nil {
		return // the sync meets it, too
	}
	for _, c := range cs {
		if c.Parked {
			a.optionsRefused(c.Reason)
		}
	}
}

// optionsRefused says that the CRM did not take a choice; it holds on this
// computer all the same.
func (a *Agent) optionsRefused(reason string) {
	a.health.Set(health.OptionsRefused, optionsSubject, "Your choice holds on this computer only: "+reason)
}
