package agent

import (
	"context"
	"slices"
	"strings"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

func (c *fakeCRM) EmailsByThread(ctx context.Context, roots []string) ([]offline.Record, error) {
	return c.find("thread", func(e *offline.Email) bool { return slices.Contains(roots, track.ThreadRoot(e.Thread)) })
}

func (c *fakeCRM) EmailsBySubject(ctx context.Context, subjects []string, since time.Time) ([]offline.Record, error) {
	all, err := c.find("subject", func(*offline.Email) bool { return true })
	return slices.DeleteFunc(all, func(r offline.Record) bool {
		return r.Created.Before(since) || !slices.ContainsFunc(subjects, func(s string) bool { return strings.Contains(strings.ToLower(r.Name), strings.ToLower(s)) })
	}), err
}

// setOptions changes the user's own settings.
func (c *fakeCRM) setOptions(w offline.Change) offline.Outcome {
	if err := c.refuse[w.Record.ID]; err != nil {
		return offline.Outcome{Err: err}
	}
	if f, ok := w.Fields["filter"]; ok {
		c.chosen.Filter = f
	}
	if k, ok := w.Fields["auto_create"]; ok {
		c.chosen.AutoCreate = offline.Kind(k)
	}
	return offline.Outcome{}
}

// strangers are the records that were made for senders, by their addresses.
func (c *fakeCRM) strangers() string {
	var out []string
	for ref, r := range c.records {
		if (ref.Kind == offline.KindContact || ref.Kind == offline.KindLead) && ref != jana {
			out = append(out, string(ref.Kind)+":"+strings.TrimSpace(r.Name)+":"+r.Addrs[0])
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

var _ Conversations = (*fakeCRM)(nil)
