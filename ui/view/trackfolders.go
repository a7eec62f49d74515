package view

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/offline"
)

// FolderTracker is the part of an Agent that tracks what is put into folders. Its
// methods may wait for the disk; FolderForecast also for the network.
type FolderTracker interface {
	TrackFolder(r offline.FolderRule) error
	ChangeFolder(r offline.FolderRule) error
	ForgetFolder(id offline.FolderID) error
	FolderForecast(ctx context.Context, id offline.FolderID) (agent.FolderForecast, error)
	Backfills() []agent.Backfill
	PauseBackfill(id offline.FolderID, p bool) error
	CancelBackfill(id offline.FolderID) error
}

// usualFolders is how many folders can be tracked where the organization does not
// say (R-FOLDER-02).
const usualFolders = 25

// TrackedFolders are the folders whose messages are tracked.
type TrackedFolders struct {
	Able  bool
	Lines []FolderLine
	Limit string // how many there can be
	Off   string // why none can be added; empty: one can
}

// FolderLine is a tracked folder.
type FolderLine struct {
	Rule     offline.FolderRule
	Name     string // with the folders above it
	About    string // what its messages are about; empty: what their conversation is about
	Note     string // how many messages, from when on
	Disabled string // why it does not count; empty: it does

	// What is under way on the messages that lie in it:
	Doing    string  // empty: nothing
	Fraction float64 // negative: not known
	Paused   bool
}

func (t *Tracking) trackedFolders() TrackedFolders {
	f, now := t.force, t.env.now()
	most := f.options.MaxFolders
	if most <= 0 {
		most = usualFolders
	}
	out := TrackedFolders{Able: t.env.folders != nil, Limit: Count(len(f.rules.Folders)) + " of at most " + Plural(most, "folder")}
	switch {
	case f.options.NoFolders: // R-FOLDER-01
		out.Off = "The organization has switched tracking by folder off. Your administrator can switch it on."
	case len(f.rules.Folders) >= most:
		out.Off = "More than " + Count(most) + " can't be tracked. Stop tracking one to add another."
	}
	for _, r := range f.rules.Folders {
		l := FolderLine{Rule: r, Name: fmt.Sprintf("folder %d", r.Folder), About: f.names[r.Regarding], Fraction: -1}
		if r.Disabled {
			l.Disabled = "Switched off: the folder is gone. What was tracked through it stays tracked; it goes on when the folder is back."
		}
		if i := slices.IndexFunc(f.folders, func(x folderFact) bool { return x.ID == r.Folder }); i >= 0 {
			x := f.folders[i]
			l.Name = FolderPath(x.Folder)
			if !r.Disabled {
				l.Note = Plural(x.total, "message")
			}
		}
		if !r.Since.IsZero() && !r.Disabled {
			l.Note += ", tracked from " + day(r.Since, now) + " on"
		}
		if i := slices.IndexFunc(f.backfills, func(b agent.Backfill) bool { return b.Folder == r.Folder }); i >= 0 {
			l.under(f.backfills[i])
		}
		out.Lines = append(out.Lines, l)
	}
	return out
}

// under says how far what is under way has come.
func (l *FolderLine) under(b agent.Backfill) {
	what := "Going through what lies in it"
	if b.Relink {
		what = "Giving all of it the same regarding"
	}
	l.Paused = b.Paused
	switch {
	case b.Total > 0:
		l.Doing = what + ": " + Count(b.Done) + " of " + Count(b.Total)
		l.Fraction = min(1, float64(b.Done)/float64(b.Total))
	default:
		l.Doing = what
	}
	if b.Tracked > 0 {
		l.Doing += ", " + Count(b.Tracked) + " tracked"
	}
	if b.Reason != "" {
		l.Doing += " · " + b.Reason
	}
}

// FolderChoice is a folder that can be tracked, or can't.
type FolderChoice struct {
	ID     offline.FolderID
	Name   string
	Symbol string
	Note   string
	Off    bool // Note says why not
}

// FolderChoices are the folders whose name contains text; those that can be taken
// first. For the never-track list every folder can be.
func (t *Tracking) FolderChoices(text string, never bool) []FolderChoice {
	f, want := t.force, fold(text)
	var out []FolderChoice
	for _, x := range f.folders {
		c := FolderChoice{ID: x.ID, Name: FolderPath(x.Folder), Symbol: folderSymbol(x.Role), Note: Plural(x.total, "message")}
		if !x.Read {
			c.Note = "not read by Postrider until now"
		}
		if x.Missing || x.NoSelect || !strings.Contains(fold(c.Name), want) {
			continue
		}
		if why := whyNot(f, x.Folder, never); why != "" {
			c.Note, c.Off = why, true
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b FolderChoice) int {
		switch {
		case a.Off == b.Off:
			return 0
		case a.Off:
			return 1
		}
		return -1
	})
	return out
}

// whyNot is why a folder can't be put on the list of tracked ones, or on that of
// those that never are; empty: it can.
func whyNot(f force, x offline.Folder, never bool) string {
	tracked := slices.ContainsFunc(f.rules.Folders, func(r offline.FolderRule) bool { return r.Folder == x.ID })
	listed := slices.Contains(f.rules.Never, offline.Never{Folder: x.ID})
	switch {
	case never && listed:
		return "on the list already"
	case never && tracked:
		return "is a tracked folder"
	case never:
		return ""
	case tracked:
		return "tracked already"
	case listed:
		return "on the never-track list"
	}
	switch x.Role {
	case offline.RoleInbox, offline.RoleSent, offline.RoleDrafts:
		return "everything comes through it: choose by the rule above"
	case offline.RoleTrash, offline.RoleJunk:
		return "for what is thrown away"
	}
	return ""
}

// FolderPlan is a folder that is about to be tracked.
type FolderPlan struct {
	ID     offline.FolderID
	Name   string
	About  *Card
	Back   bool // what lies there already is tracked, too
	Asking bool
	Text   string // what lies there
	Failed string

	env     *env
	changed func()
	ask     slot
}

// NewFolderPlan looks into a folder that may be tracked; changed is called when
// there is something new to show.
func (d *Desk) NewFolderPlan(c FolderChoice, changed func()) *FolderPlan {
	e := d.env
	p := &FolderPlan{ID: c.ID, Name: c.Name, env: e, changed: changed, ask: e.slot(), Asking: true}
	now := e.now()
	p.ask.do(func(ctx context.Context) func() {
		f, err := e.folders.FolderForecast(ctx, c.ID)
		return func() {
			p.Asking = false
			if err != nil {
				p.Failed = "What lies there can't be looked at now: " + OneLine(err.Error(), 200)
				e.log.Info("a folder could not be looked into", "err", err)
			} else {
				p.Text = folderForecast(f, now)
			}
			p.changed()
		}
	})
	return p
}

// Close stops what is under way.
func (p *FolderPlan) Close() {
	p.changed = func() {}
	p.ask.drop()
}

func folderForecast(f agent.FolderForecast, now time.Time) string {
	if f.Messages == 0 {
		return "It is empty now."
	}
	from, to := day(f.Oldest, now), day(f.Newest, now)
	s := Plural(f.Messages, "message") + ", from " + from + " to " + to
	if from == to {
		s = Plural(f.Messages, "message") + ", of " + from
	}
	fresh := f.Messages - f.Tracked - f.Kept
	switch {
	case f.Tracked == f.Messages:
		return s + ". All are tracked already."
	case f.Tracked > 0:
		s += ". " + Count(f.Tracked) + " are tracked already, " + Count(fresh) + " would be tracked"
	default:
		s += ". " + Count(fresh) + " would be tracked"
	}
	if f.Kept > 0 {
		s += ", " + Count(f.Kept) + " stay as they are: untracked by hand, or on the never-track list"
	}
	return s + "."
}

// TrackFolder tracks the folder of a plan.
func (d *Desk) TrackFolder(p *FolderPlan) {
	e := d.env
	r := offline.FolderRule{Folder: p.ID}
	if !p.Back {
		r.Since = e.now()
	}
	if p.About != nil {
		r.Regarding = p.About.Ref
		d.Chose(p.About.Ref)
	}
	d.Deeds.run("What is put into "+p.Name+" is tracked", func() (agent.Undo, error) {
		if err := e.folders.TrackFolder(r); err != nil {
			return nil, err
		}
		return func() error { return e.folders.ForgetFolder(r.Folder) }, nil
	})
	d.Tracking.refreshAfter()
}

// FolderAbout gives the messages of a tracked folder, old ones included, another
// regarding (R-FOLDER-08); with nil new ones get none from the folder, and old
// ones keep theirs (R-FOLDER-07).
func (d *Desk) FolderAbout(l FolderLine, about *Card) {
	e, r := d.env, l.Rule
	text := "New messages in " + l.Name + " are about what their conversation is about"
	r.Regarding = offline.Ref{}
	if about != nil {
		r.Regarding = about.Ref
		text = "All messages in " + l.Name + " are about " + about.Name
		d.Chose(about.Ref)
	}
	d.Deeds.run(text, func() (agent.Undo, error) { return nil, e.folders.ChangeFolder(r) })
	d.Tracking.refreshAfter()
}

// ForgetFolder tracks a folder no longer. What is tracked stays tracked
// (R-FOLDER-06).
func (d *Desk) ForgetFolder(l FolderLine) {
	e := d.env
	d.Deeds.run(l.Name+" is not tracked any more", func() (agent.Undo, error) { return nil, e.folders.ForgetFolder(l.Rule.Folder) })
	d.Tracking.refreshAfter()
}

// PauseBackfill holds what is under way on a folder, or lets it go on.
func (d *Desk) PauseBackfill(l FolderLine) {
	e, text := d.env, "Paused"
	if l.Paused {
		text = "Going on"
	}
	d.Deeds.run(text+": "+l.Name, func() (agent.Undo, error) { return nil, e.folders.PauseBackfill(l.Rule.Folder, !l.Paused) })
	d.Tracking.refreshAfter()
}

// CancelBackfill ends what is under way on a folder; what it did stays done.
func (d *Desk) CancelBackfill(l FolderLine) {
	e := d.env
	d.Deeds.run("Ended; what was done in "+l.Name+" stays done", func() (agent.Undo, error) { return nil, e.folders.CancelBackfill(l.Rule.Folder) })
	d.Tracking.refreshAfter()
}
