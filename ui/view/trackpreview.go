package view

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/agent/track"
	"postrider/offline"
)

// previewDays is how far back a preview looks.
const previewDays = 30

// Preview30 is what a choice of rules would have tracked in the last 30 days.
type Preview30 struct {
	Asking bool
	Failed string // why it could not be found out
	Text   string // how many of how many
	Causes []CauseLine
	Rows   []CaughtLine // newest first
	More   int          // that are not among Rows
}

// CauseLine counts what is tracked for one cause.
type CauseLine struct {
	Count int
	Text  string
}

// CaughtLine is a message that would have been tracked.
type CaughtLine struct {
	Key     uint64
	Who     string
	Subject string
	Bare    bool // there is no subject
	When    string
	Why     string
	New     bool // it is not tracked now
	Sign    Sign
	Tone    Tone
}

// question is what was asked of the forecast last.
type question struct {
	filter track.Filter
	sent   bool
	since  time.Time
	never  string
	asked  bool
}

// look asks what the choice would have tracked, unless that is known.
func (t *Tracking) look() {
	e := t.env
	r := t.force.rules
	r.Sent, r.Since = t.Sent, t.Since
	q := question{t.filter, t.Sent, t.Since, neverKey(r.Never), true}
	if e.foreteller == nil || !t.open || q == t.asked {
		return
	}
	t.asked = q
	t.Preview.Asking = true
	now := e.now()
	t.looking.do(func(ctx context.Context) func() {
		f, err := e.foreteller.Forecast(ctx, q.filter, r, previewDays)
		if ctx.Err() != nil {
			return nil
		}
		p := previewWords(f, now)
		if err != nil {
			p = Preview30{Failed: OneLine(err.Error(), 300)}
			e.log.Warn("what would be tracked could not be found out", "err", err)
		}
		return func() {
			t.Preview = p
			e.tell(PartTracking)
		}
	})
}

func neverKey(list []offline.Never) string {
	var b strings.Builder
	for _, n := range list {
		b.WriteString(n.Address + " " + n.Domain + " " + Count(int(n.Folder)) + "\n")
	}
	return b.String()
}

func previewWords(f agent.Forecast, now time.Time) Preview30 {
	p := Preview30{}
	fresh := 0
	for _, c := range f.Caught {
		if c.New {
			fresh++
		}
		p.Rows = append(p.Rows, caughtLine(c, now))
	}
	p.More = f.Total - len(p.Rows)
	for c, n := range f.By {
		p.Causes = append(p.Causes, CauseLine{n, upperFirst(CauseWords(offline.Tracking{Cause: c}))})
	}
	slices.SortFunc(p.Causes, func(a, b CauseLine) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Text, b.Text))
	})
	seen := Plural(f.Seen, "message") + " of the last 30 days"
	if f.Cut {
		seen = "newest " + Plural(f.Seen, "message")
	}
	switch {
	case f.Seen == 0:
		p.Text = "There are no messages of the last 30 days to try this on."
	case f.Total == 0:
		p.Text = "Of the " + seen + " it would have tracked none."
	default:
		p.Text = "Of the " + seen + " it would have tracked " + Count(f.Total)
		switch {
		case fresh == 0 && p.More == 0:
			p.Text += ", all of which are tracked."
		case fresh == f.Total:
			p.Text += ", none of which is tracked now."
		case p.More > 0:
			p.Text += "; of the newest " + Count(len(p.Rows)) + " of these, " + Count(fresh) + " are not tracked now."
		case fresh == 1:
			p.Text += "; one of these is not tracked now."
		default:
			p.Text += "; " + Count(fresh) + " of these are not tracked now."
		}
	}
	return p
}

func caughtLine(c agent.Caught, now time.Time) CaughtLine {
	l := CaughtLine{Key: c.Key, Who: Named(c.From), Subject: OneLine(c.Subject, 300), When: When(c.Date, now), Why: CauseWords(offline.Tracking{Cause: c.Cause}), New: c.New, Sign: SignTracked, Tone: ToneAccent}
	if l.Who == "" {
		l.Who = "(no sender)"
	}
	if l.Subject == "" {
		l.Subject, l.Bare = "(no subject)", true
	}
	if c.New {
		l.Sign, l.Tone = SignUntracked, ToneMuted
	}
	return l
}
