package agent

import (
	"context"
	"maps"
	"slices"

	"postrider/offline"
)

// fakePeople is what the fake CRM has for the address book and for records that
// are made.
type fakePeople struct {
	noDelta map[offline.Kind]bool  // kinds whose pull does not tell of deletions
	options func(*offline.Options) // changes what Me says
	made    []offline.Change       // the records that were made
	listed  int
}

func (c *fakeCRM) List(ctx context.Context, kind offline.Kind, each func([]offline.Ref) error) error {
	c.mu.Lock()
	if err := c.ask("list"); err != nil {
		c.mu.Unlock()
		return err
	}
	c.listed++
	refs := slices.DeleteFunc(slices.Collect(maps.Keys(c.records)), func(r offline.Ref) bool { return r.Kind != kind })
	c.mu.Unlock()
	for _, r := range refs {
		if err := each([]offline.Ref{r}); err != nil {
			return err
		}
	}
	return nil
}

func (c *fakeCRM) makeRecord(ch offline.Change, old offline.Record, there bool) offline.Outcome {
	if err := c.refuse[string(ch.Record.Kind)]; err != nil {
		return offline.Outcome{Err: err}
	}
	if err := c.refuse[ch.Record.ID]; err != nil {
		return offline.Outcome{Err: err}
	}
	if there {
		return offline.Outcome{Existed: true, ETag: old.ETag}
	}
	r := offline.Record{Ref: ch.Record, Parent: ch.Parent, Active: true, Owner: offline.Ref{Kind: offline.KindUser, ID: "me"}, Fields: ch.Fields}
	if r.Name = ch.Fields["topic"]; ch.Record.Kind == offline.KindContact || ch.Record.Kind == offline.KindLead {
		r.Name = ch.Fields["first"] + " " + ch.Fields["last"]
	}
	if a := ch.Fields["email"]; a != "" {
		r.Addrs = []string{a}
	}
	c.putLocked(r)
	c.made = append(c.made, ch)
	return offline.Outcome{ETag: c.records[r.Ref].ETag}
}

var _ Lister = (*fakeCRM)(nil)
