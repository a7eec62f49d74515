package view

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postrider/agent"
	"postrider/agent/health"
	"postrider/offline"
)

// StatusLine is the line at the bottom of the window.
type StatusLine struct {
	Phase    agent.Phase
	Symbol   string
	Tone     Tone
	Text     string // "All is well · mail 14:05 · CRM 14:05 · 3 waiting"
	Progress string // "Reading Inbox · 120 of 450"; empty: nothing under way
	Fraction float64
	Waiting  int
	Failed   int
	Problems []ProblemLine
	MailAt   string
	CRMAt    string
}

// ProblemLine is a problem in full.
type ProblemLine struct {
	Code   string
	Symbol string
	Tone   Tone
	Title  string
	Text   string
	Remedy string
	Since  string
}

// Details is the problem as text to copy.
func (p ProblemLine) Details() string {
	s := p.Title + " (" + p.Code + ")\n"
	if p.Text != "" {
		s += p.Text + "\n"
	}
	return s + "Since " + p.Since + "\n" + p.Remedy + "\n"
}

// NewStatusLine words a status of the agent. Fraction is between 0 and 1, or
// negative where the end is not known.
func NewStatusLine(s agent.Status, now time.Time) StatusLine {
	l := StatusLine{Phase: s.Phase, Waiting: s.Counts.Waiting, Failed: s.Counts.Failed, Fraction: -1}
	l.MailAt, l.CRMAt = When(s.MailAt, now), When(s.CRMAt, now)
	for _, p := range s.Problems {
		l.Problems = append(l.Problems, problemLine(p, now))
	}
	lead := ""
	l.Symbol, l.Tone, lead = phaseWords(s, now)
	if n := len(l.Problems); n > 0 && s.Phase != agent.Paused {
		worst := l.Problems[0]
		lead = worst.Title
		if n > 1 {
			lead += fmt.Sprintf(" and %d more", n-1)
		}
		if s.Phase == agent.Offline && !s.NextTry.IsZero() {
			lead += " · next try " + s.NextTry.In(now.Location()).Format("15:04:05")
		}
		l.Symbol, l.Tone = worst.Symbol, worst.Tone
	}
	parts := []string{lead}
	if !s.MailAt.IsZero() || !s.CRMAt.IsZero() {
		parts = append(parts, "mail "+l.MailAt, "CRM "+l.CRMAt)
	}
	if n := s.Counts.Waiting; n > 0 {
		parts = append(parts, Count(n)+" waiting")
	}
	if n := s.Counts.Failed; n > 0 {
		parts = append(parts, Plural(n, "message")+" needing you")
	}
	l.Text = strings.Join(parts, " · ")
	if s.Phase == agent.Syncing {
		l.Progress = progressWords(s)
		if s.Total > 0 {
			l.Fraction = min(1, float64(s.Done)/float64(s.Total))
		}
	}
	return l
}

func phaseWords(s agent.Status, now time.Time) (symbol string, tone Tone, text string) {
	switch s.Phase {
	case agent.Paused:
		return "pause", ToneMuted, "Paused: nothing is carried until you resume"
	case agent.Offline:
		text = "Offline: what is here can be read and tracked"
		if !s.NextTry.IsZero() {
			text += " · next try " + s.NextTry.In(now.Location()).Format("15:04:05")
		}
		return "offline", ToneMuted, text
	case agent.NeedsMe:
		return string(SignAttention), ToneWarn, "Something needs you"
	case agent.Syncing:
		if s.CatchUp {
			return "sync", ToneInfo, "Catching up"
		}
		return "sync", ToneInfo, "Syncing"
	}
	if s.MailAt.IsZero() && s.CRMAt.IsZero() {
		return "info", ToneMuted, "Not connected yet"
	}
	return "ok", ToneAccent, "All is well"
}

func progressWords(s agent.Status) string {
	t := s.Doing
	if t == "" {
		t = "Syncing"
	}
	switch {
	case s.Total > 0:
		t += " · " + Count(s.Done) + " of " + Count(s.Total)
	case s.Done > 0:
		t += " · " + Count(s.Done)
	}
	return t
}

func problemLine(p health.Problem, now time.Time) ProblemLine {
	l := ProblemLine{Code: string(p.Code), Title: p.Title, Text: p.Text, Remedy: p.Remedy, Since: When(p.Since, now)}
	switch p.Severity {
	case health.Danger:
		l.Symbol, l.Tone = string(SignAttention), ToneDanger
	case health.Warn:
		l.Symbol, l.Tone = string(SignAttention), ToneWarn
	default:
		l.Symbol, l.Tone = "info", ToneInfo
	}
	return l
}

// LogLine is one line of the activity log.
type LogLine struct {
	When, Full, Text string
	Item             uint64
}

// AsideLine is an item that could not be read and was set aside.
type AsideLine struct {
	ID                 uint64
	What, Reason, When string
}

func readAsides(tx *offline.Tx, now time.Time) ([]AsideLine, error) {
	all, err := tx.SetAsides()
	if err != nil {
		return nil, err
	}
	var out []AsideLine
	for _, a := range all[:min(len(all), 50)] {
		where := "the mailbox"
		if f, err := tx.Folder(a.Folder); err == nil {
			where = FolderName(f)
		}
		out = append(out, AsideLine{a.ID, fmt.Sprintf("Message %d of %s", a.UID, where), OneLine(a.Reason, 300), When(a.At, now)})
	}
	return out, nil
}

// OpenJournal loads the newest lines of the activity log, and what was set aside,
// and keeps them fresh
// until CloseJournal.
func (d *Desk) OpenJournal() {
	d.logOpen = true
	d.journal.do(func(context.Context) func() {
		var lines []LogLine
		var asides []AsideLine
		now := d.env.now()
		err := d.env.store.View(func(tx *offline.Tx) error {
			as, err := tx.Activities(200)
			for _, a := range as {
				lines = append(lines, LogLine{When(a.At, now), FullDate(a.At, now.Location()), OneLine(a.Text, 300), a.Item})
			}
			if err != nil {
				return err
			}
			asides, err = readAsides(tx, now)
			return err
		})
		if err != nil {
			d.env.log.Warn("the activity log could not be read", "err", err)
		}
		return func() {
			d.Journal, d.Asides = lines, asides
			d.env.tell(PartLog)
		}
	})
}

// CloseJournal stops following the activity log.
func (d *Desk) CloseJournal() { d.logOpen = false }
