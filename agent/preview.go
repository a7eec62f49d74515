package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// Bounds of a forecast.
const (
	forecastDays   = 30
	forecastMost   = 50_000 // messages that are looked at, the newest ones
	forecastListed = 1000   // caught ones that are listed, the newest ones
)

// Forecast is what a filter and rules would have tracked among the messages of the
// last days.
type Forecast struct {
	Seen   int                   // messages of these days that were looked at
	Total  int                   // caught
	By     map[offline.Cause]int // caught, by cause
	Caught []Caught              // newest first; the first 1,000
	Cut    bool                  // there are more messages in these days than were looked at
}

// Caught is one message that would have been tracked.
type Caught struct {
	Key     uint64
	From    offline.Address
	Subject string
	Date    time.Time
	Cause   offline.Cause
	New     bool // it is not tracked now
}

// Forecast tells what a filter and rules would have tracked by themselves in the
// last days (0: 30), by what is known here. It changes nothing, and asks nobody.
// What somebody untracked is left out, as every rule leaves it.
func (a *Agent) Forecast(ctx context.Context, f track.Filter, r offline.Rules, days int) (Forecast, error) {
	if days <= 0 {
		days = forecastDays
	}
	f, err := track.ParseFilter(string(f))
	if err != nil {
		return Forecast{}, err
	}
	s := a.trackSettings()
	s.Filter, s.Sent, s.Since, s.Never = f, r.Sent, r.Since, track.NewNeverList(r.Never)
	out := Forecast{By: map[offline.Cause]int{}}
	err = a.Store.View(func(tx *offline.Tx) error {
		ms, cut, err := recent(ctx, tx, a.Now().AddDate(0, 0, -days))
		if err != nil {
			return err
		}
		out.Seen, out.Cut = len(ms), cut
		out.Caught, err = foresee(ctx, tx, ms, s)
		return err
	})
	if err != nil {
		return Forecast{}, fmt.Errorf("look what would be tracked: %w", err)
	}
	for _, c := range out.Caught {
		out.By[c.Cause]++
	}
	out.Total = len(out.Caught)
	out.Caught = out.Caught[:min(len(out.Caught), forecastListed)]
	return out, nil
}

// recent returns the messages from since on, oldest first.
func recent(ctx context.Context, tx *offline.Tx, since time.Time) (ms []offline.Message, cut bool, err error) {
	keys, err := tx.FolderKeys(0)
	if err != nil {
		return nil, false, err
	}
	for _, key := range keys {
		if ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		m, err := tx.Message(key)
		if err != nil {
			return nil, false, err
		}
		if m.Date.Before(since) {
			break
		}
		if len(ms) == forecastMost {
			cut = true
			break
		}
		ms = append(ms, m)
	}
	slices.Reverse(ms)
	return ms, cut, nil
}

// foresee decides messages as if none of them were decided yet, oldest first: what
// would be tracked can be answered by what comes after it.
func foresee(ctx context.Context, tx *offline.Tx, ms []offline.Message, s track.Settings) (caught []Caught, err error) {
	would := imagined{identities: map[string]track.Parent{}, threads: map[string][]track.Parent{}, tokens: map[string][]track.Parent{}}
	for i := range ms {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		m := &ms[i]
		if m.Track.Declined {
			continue
		}
		f, err := facts(tx, m, s)
		if err != nil {
			return nil, err
		}
		if m.Track.Cause != offline.CauseColleague {
			f.Existing = nil // of our making: without it the rule would have to
		}
		would.join(m, &f, s)
		d := track.Decide(m, f, s)
		if !d.Track {
			continue
		}
		would.add(m, s)
		c := Caught{Key: m.Key, Subject: m.Subject, Date: m.Date, Cause: d.Cause, New: m.Track.State != offline.Tracked && m.Track.State != offline.Waiting}
		if from := track.From(m); len(from) > 0 {
			c.From = from[0]
		}
		caught = append(caught, c)
	}
	slices.Reverse(caught)
	return caught, nil
}

// imagined are the emails that there would be.
type imagined struct {
	identities      map[string]track.Parent
	threads, tokens map[string][]track.Parent
}

func (w *imagined) add(m *offline.Message, s track.Settings) {
	p := track.Parent{Record: offline.Ref{Kind: offline.KindEmail, ID: m.Identity}, Name: m.Subject, Date: m.Date}
	w.identities[m.Identity] = p
	if root := track.ThreadRoot(m.ThreadIndex); root != "" {
		w.threads[root] = append(w.threads[root], p)
	}
	if token := s.Tokens.Find(m.Subject); token != "" {
		w.tokens[token] = append(w.tokens[token], p)
	}
	if s.Past != nil {
		s.Past.Add(s.Smart.Print(m.Subject, track.Participants(m)), p)
	}
}

// join adds to the facts about a message what there would be.
func (w *imagined) join(m *offline.Message, f *track.Facts, s track.Settings) {
	for _, id := range m.InReplyTo {
		if p, ok := w.identities[id]; ok {
			f.Replied = append(f.Replied, p)
		}
	}
	for _, id := range m.References {
		if p, ok := w.identities[id]; ok {
			f.Referenced = append(f.Referenced, p)
		}
	}
	if root := track.ThreadRoot(m.ThreadIndex); root != "" {
		f.ByThread = append(f.ByThread, w.threads[root]...)
	}
	if token := s.Tokens.Find(m.Subject); token != "" {
		f.ByToken = append(f.ByToken, w.tokens[token]...)
	}
}
