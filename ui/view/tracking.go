package view

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/agent/track"
	"postrider/offline"
)

// Tracking is the page on which the user chooses what is tracked: what is in
// force, and what of it they are about to change. It is kept up while it is open.
type Tracking struct {
	Ready bool
	Able  bool // the agent can be told what to track
	// Why rules track nothing on this computer; empty: they do.
	Elsewhere string

	Filters     []FilterLine
	FilterFixed bool // config.toml says which
	Sent        bool
	SentFixed   bool
	Since       time.Time // zero: no bound
	Changed     bool      // what is chosen above is not in force yet
	Apply       string    // what the button says that puts it in force
	Preview     Preview30

	Unknown   []UnknownLine
	Never     []NeverLine
	Folders   TrackedFolders
	Keywords  Keywords
	Addresses BookChoices

	env     *env
	deeds   *Deeds
	reading slot
	looking slot
	open    bool
	force   force
	filter  track.Filter // chosen, perhaps not in force
	picked  bool         // the user chose something that is not in force
	asked   question
}

// force is what is in force, as it was read.
type force struct {
	filter                 track.Filter
	filterFixed, sentFixed bool
	rules                  offline.Rules
	create                 offline.Kind
	options                offline.Options
	folders                []folderFact
	backfills              []agent.Backfill
	names                  map[offline.Ref]string // of what folders are about
}

// folderFact is a folder of the mailbox and how much is in it.
type folderFact struct {
	offline.Folder
	total int
}

func newTracking(e *env, deeds *Deeds) *Tracking {
	return &Tracking{env: e, deeds: deeds, Able: e.ruler != nil, reading: e.slot(), looking: e.slot()}
}

// OpenTracking reads what is in force, and keeps it up until CloseTracking.
func (d *Desk) OpenTracking() {
	d.Tracking.open = true
	d.Tracking.asked = question{} // what came since is to be counted, too
	d.Tracking.refresh()
}

// CloseTracking gives up what was chosen and not put in force.
func (d *Desk) CloseTracking() {
	t := d.Tracking
	t.Forget()
	t.open, t.picked = false, false
	t.looking.drop()
	t.Preview.Asking = false
}

// refresh reads what is in force.
func (t *Tracking) refresh() {
	e := t.env
	if e.ruler == nil || !t.open {
		return
	}
	t.reading.do(func(context.Context) func() {
		f := force{filter: e.ruler.Filter(), rules: e.ruler.Rules(), create: e.ruler.AutoCreate(), options: e.options()}
		f.filterFixed, f.sentFixed = e.ruler.FixedByConfig()
		if e.folders != nil {
			f.backfills = e.folders.Backfills()
		}
		err := e.store.View(func(tx *offline.Tx) error { return f.read(tx) })
		if err != nil {
			e.log.Warn("the folders could not be read", "err", err)
		}
		return func() { t.show(f) }
	})
}

func (f *force) read(tx *offline.Tx) error {
	all, err := tx.Folders()
	if err != nil {
		return err
	}
	for _, x := range all {
		n, _ := tx.FolderCounts(x.ID)
		f.folders = append(f.folders, folderFact{x, n})
	}
	f.names = map[offline.Ref]string{}
	for _, r := range f.rules.Folders {
		if !r.Regarding.IsZero() {
			f.names[r.Regarding] = nameOf(tx, r.Regarding)
		}
	}
	return nil
}

// show takes over what was read; what the user is choosing stays.
func (t *Tracking) show(f force) {
	if t.Ready && reflect.DeepEqual(f, t.force) {
		t.look()
		return
	}
	t.force, t.Ready = f, true
	if !t.picked {
		t.filter, t.Sent, t.Since = f.filter, f.rules.Sent, f.rules.Since
	}
	t.words()
	t.look()
	t.env.tell(PartTracking)
}

// words puts it all into words.
func (t *Tracking) words() {
	f := t.force
	t.FilterFixed, t.SentFixed = f.filterFixed, f.sentFixed
	if f.filterFixed {
		t.filter = f.filter
	}
	if f.sentFixed {
		t.Sent = f.rules.Sent
	}
	t.Elsewhere = ""
	if m := f.options.Methods.Incoming; m != "" && m != offline.MethodClient {
		t.Elsewhere = "None of this applies now: the CRM says that incoming mail is moved by " + methodName(m) + ". See Status."
	}
	t.Filters = filterLines(t.filter, f.filter)
	t.Changed = t.filter != f.filter || t.Sent != f.rules.Sent || !t.Since.Equal(f.rules.Since)
	t.picked = t.picked && t.Changed
	t.Apply = applyWords(t.filter, t.filter != f.filter)
	t.Unknown = unknownLines(f.create, f.options)
	t.Never = neverLines(f.rules.Never, f.folders)
	t.Folders = t.trackedFolders()
	t.Keywords = keywordWords(f)
	t.Addresses = bookChoices(f)
}

// Choose looks at what another filter would track; Apply puts it in force.
func (t *Tracking) Choose(f track.Filter) { t.pick(func() { t.filter = f }) }

// ChooseSent looks at what would be tracked with sent mail, or without it.
func (t *Tracking) ChooseSent(on bool) { t.pick(func() { t.Sent = on }) }

// ChooseSince looks at what would be tracked from a date on; zero: no bound.
func (t *Tracking) ChooseSince(at time.Time) { t.pick(func() { t.Since = at }) }

func (t *Tracking) pick(change func()) {
	if !t.Ready {
		return
	}
	change()
	t.picked = true
	t.words()
	t.look()
	t.env.tell(PartTracking)
}

// Forget gives up what is not in force.
func (t *Tracking) Forget() {
	f := t.force
	t.pick(func() { t.filter, t.Sent, t.Since = f.filter, f.rules.Sent, f.rules.Since })
}

// PutInForce makes what is chosen hold from now on. What was decided before stays
// decided.
func (t *Tracking) PutInForce() {
	if !t.Ready || !t.Changed {
		return
	}
	e, was, filter, sent, since := t.env, t.force, t.filter, t.Sent, t.Since
	set := func(f track.Filter, sent bool, since time.Time) error {
		if f != e.ruler.Filter() {
			if err := e.ruler.SetFilter(f); err != nil {
				return err
			}
		}
		r := e.ruler.Rules()
		if r.Sent == sent && r.Since.Equal(since) {
			return nil
		}
		r.Sent, r.Since = sent, since
		return e.ruler.SetRules(r)
	}
	text := "Tracked by themselves from now on: " + FilterName(string(filter))
	if filter == track.None {
		text = "Nothing is tracked by itself from now on"
	}
	t.deeds.run(text, func() (agent.Undo, error) {
		if err := set(filter, sent, since); err != nil {
			return nil, err
		}
		if kept := e.ruler.Rules().Since; !kept.Equal(since) {
			e.post(func() {
				t.deeds.say(Toast{Text: "Nothing before " + day(kept, e.now()) + " is tracked by itself: config.toml says so", Undo: true})
			})
		}
		return func() error { return set(was.filter, was.rules.Sent, was.rules.Since) }, nil
	})
	t.picked = false
	t.refreshAfter()
}

// refreshAfter reads again once what was asked for is done.
func (t *Tracking) refreshAfter() {
	t.deeds.later(func() func() { return t.refresh })
}

// day is a date as people write it.
func day(at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(now.Location()).Format("2 January 2006")
}

// ParseDay reads a date as it is entered: year, month and day; none: no bound.
func ParseDay(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, now.Location())
	if err != nil {
		return at, errors.New("enter a date as year-month-day, such as " + now.Format(time.DateOnly) + ", or nothing for any date")
	}
	return at, nil
}

func applyWords(f track.Filter, other bool) string {
	switch {
	case !other:
		return "Use this from now on"
	case f == track.None:
		return "Track nothing by itself from now on"
	}
	return "Track " + FilterName(string(f)) + " from now on"
}

// FilterLine is a tracking filter to choose.
type FilterLine struct {
	Filter track.Filter
	Name   string
	Text   string // what it catches
	On     bool   // it is chosen
	Force  bool   // it is in force
}

func filterLines(chosen, force track.Filter) []FilterLine {
	texts := map[track.Filter][2]string{ // R-EMAIL-03 to R-EMAIL-07
		track.All:     {"All mail", "Every message that comes in."},
		track.Replies: {"Replies to tracked mail", "What answers an email that is in the CRM: by its conversation, or by the token in its subject."},
		track.People:  {"Mail from leads, contacts and accounts", "What comes from an address that a lead, contact or account holds; and replies to tracked mail."},
		track.Records: {"Mail from any record with an address", "As before, and from users, queues and the organization's own tables that hold mail addresses."},
		track.None:    {"Nothing by itself", "You track by hand, by folder or by keyword."},
	}
	lines := make([]FilterLine, 0, len(track.Filters))
	for _, f := range track.Filters {
		lines = append(lines, FilterLine{Filter: f, Name: texts[f][0], Text: texts[f][1], On: f == chosen, Force: f == force})
	}
	return lines
}

// UnknownLine is what can be made for senders whom the CRM does not know.
type UnknownLine struct {
	Kind offline.Kind // empty: nothing
	Name string
	Text string
	On   bool
	Off  string // why it can't be chosen
}

func unknownLines(chosen offline.Kind, o offline.Options) []UnknownLine {
	lines := []UnknownLine{
		{Name: "Make nothing", Text: "Their address stands in the email all the same."},
		{Kind: offline.KindContact, Name: "Make a contact", Text: "With name and address, when a message of theirs is tracked."},
		{Kind: offline.KindLead, Name: "Make a lead", Text: "With name, address and the subject as its topic, when a message of theirs is tracked."},
	}
	for i := range lines {
		l := &lines[i]
		l.On = l.Kind == chosen
		if l.Kind != "" && !o.May(l.Kind) {
			l.Off = "The CRM does not let you create a " + string(l.Kind) + "; your administrator can give you that right."
		}
	}
	return lines
}

// SetUnknown chooses what is made for senders whom the CRM does not know.
func (t *Tracking) SetUnknown(kind offline.Kind) {
	e := t.env
	if !t.Ready || kind == t.force.create {
		return
	}
	text := "Nothing is made for unknown senders"
	if kind != "" {
		text = "A " + string(kind) + " is made for unknown senders whose mail is tracked"
	}
	t.deeds.run(text, func() (agent.Undo, error) {
		was := e.ruler.AutoCreate()
		if err := e.ruler.SetAutoCreate(kind); err != nil {
			return nil, err
		}
		return func() error { return e.ruler.SetAutoCreate(was) }, nil
	})
	t.refreshAfter()
}

// SetKeywords looks at keywords in the mailbox, or leaves them alone.
func (d *Desk) SetKeywords(on bool) {
	text := "Keywords in the mailbox are left alone"
	if on {
		text = "Other mail programs can ask for tracking by keyword"
	}
	d.changeRules(text, func(r *offline.Rules) { r.NoKeywords = !on })
	d.Tracking.refreshAfter()
}

// Keywords says what keywords in the mailbox do.
type Keywords struct {
	On   bool
	None []string // folders in which the server keeps none
}

func keywordWords(f force) Keywords {
	k := Keywords{On: !f.rules.NoKeywords}
	for _, x := range f.folders {
		if x.Read && x.Cursor.NoKeywords && !x.Missing {
			k.None = append(k.None, FolderName(x.Folder))
		}
	}
	slices.Sort(k.None)
	return k
}
