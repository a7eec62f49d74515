package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/agent/health"
	"postrider/offline"

	"github.com/google/uuid"
)

// problemJSON is a problem as the scripting contract shows it.
type problemJSON struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// syncJSON is what `sync --once --json` prints. It is kept stable; see
// docs/cli.md.
type syncJSON struct {
	offline.Counts
	OK       bool           `json:"ok"` // nothing failed, nothing needs the user
	Requests agent.Requests `json:"requests"`
	Seconds  float64        `json:"seconds"`
	Problems []problemJSON  `json:"problems"`

	Items map[offline.Kind]offline.Counts `json:"items,omitempty"`
	Match []matchJSON                     `json:"match,omitempty"`
}

// connectionJSON is one connection in `status --json`.
type connectionJSON struct {
	LastGood *time.Time `json:"last_good"`
}

// statusJSON is what `status --json` prints. It is kept stable.
type statusJSON struct {
	offline.Counts
	Running  bool           `json:"running"`
	Phase    string         `json:"phase"`
	Mailbox  connectionJSON `json:"mailbox"`
	CRM      connectionJSON `json:"crm"`
	Problems []problemJSON  `json:"problems"`

	Items map[offline.Kind]offline.Counts `json:"items,omitempty"`
}

func toSyncJSON(r agent.Report, err error) syncJSON {
	ok := err == nil && r.Counts.Failed == 0
	for _, p := range r.Problems {
		ok = ok && p.Severity < health.Warn
	}
	problems := toProblems(r.Problems)
	if err != nil && len(problems) == 0 { // none that lasts, but it is to be said why this sync failed
		problems = append(problems, problemJSON{string(health.StoreFailed.Code), health.StoreFailed.Title + ": " + err.Error()})
	}
	return syncJSON{Counts: r.Counts, OK: ok, Requests: r.Requests, Seconds: r.Took.Seconds(), Problems: problems, Items: r.Items}
}

func toStatusJSON(s agent.Status, running bool) statusJSON {
	return statusJSON{
		Counts: s.Counts, Items: s.Items, Running: running, Phase: string(s.Phase), Problems: toProblems(s.Problems),
		Mailbox: connectionJSON{lastGood(s.MailAt)}, CRM: connectionJSON{lastGood(s.CRMAt)},
	}
}

func lastGood(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func toProblems(ps []health.Problem) []problemJSON {
	out := []problemJSON{} // an empty list, not null
	for _, p := range ps {
		text := p.Title
		if p.Text != "" {
			text += ": " + p.Text
		}
		out = append(out, problemJSON{string(p.Code), strings.TrimRight(text, ". ") + ". " + p.Remedy})
	}
	return out
}

// actionJSON is what `track --json` and `untrack --json` print.
type actionJSON struct {
	Messages []messageJSON `json:"messages"`
}

// messageJSON is the state of one message.
type messageJSON struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	Since     time.Time `json:"since"`
	Cause     string    `json:"cause,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Record    string    `json:"record,omitempty"`
	Regarding string    `json:"regarding,omitempty"`
}

// carryOut does what a request asks on an agent whose store is open.
func carryOut(ctx context.Context, a *agent.Agent, r request) (any, error) {
	switch r.Do {
	case "sync":
		return fullSync(ctx, a, r.Yes, a.Sync)
	case "status":
		return toStatusJSON(a.Status(), true), nil
	case "track", "untrack":
		return change(a, r)
	case "send":
		return send(ctx, a, r.Letter)
	case "outbox":
		return outbox(a, r)
	}
	return nil, fmt.Errorf("the running Postrider does not know %q; is it an older version?", r.Do)
}

// change tracks or untracks the messages of a request.
func change(a *agent.Agent, r request) (actionJSON, error) {
	keys, err := keysOf(a.Store, r.Messages)
	if err != nil {
		return actionJSON{}, err
	}
	if r.Do == "untrack" {
		if _, err = a.Untrack(keys, r.Delete); err == nil && r.Delete {
			err = a.Retry(keys) // a command has no time for Undo: the deletion goes with the next chance
		}
	} else {
		var about offline.Ref
		if about, err = regardingOf(a, r.Regarding); err == nil {
			_, err = a.Track(keys, about)
		}
	}
	if err != nil {
		return actionJSON{}, err
	}
	return describe(a.Store, keys)
}

// regardingOf reads what a message is to be about, as kind:id; empty: nothing.
func regardingOf(a *agent.Agent, s string) (offline.Ref, error) {
	if s == "" {
		return offline.Ref{}, nil
	}
	to, ok := offline.ParseRef(s)
	if !ok {
		return to, usageError(fmt.Sprintf("--regarding %q is not kind:id", s))
	}
	var kinds []string
	for _, t := range a.RegardingKinds() {
		kinds = append(kinds, string(t.Kind))
	}
	if !slices.Contains(kinds, string(to.Kind)) {
		return to, usageError(fmt.Sprintf("--regarding: %q is no kind of record that a message can be about; choose one of %s", to.Kind, strings.Join(kinds, ", ")))
	}
	id, err := uuid.Parse(to.ID)
	if err != nil {
		return to, usageError(fmt.Sprintf("--regarding: %q is not the id of a record, such as 00000000-0000-0000-0000-000000000000", to.ID))
	}
	to.ID = id.String()
	return to, nil
}

func keysOf(s *offline.Store, ids []string) (keys []uint64, err error) {
	err = s.View(func(tx *offline.Tx) error {
		for _, id := range ids {
			key, ok := tx.KeyByIdentity(id)
			if !ok {
				key, ok = tx.KeyByIdentity("<" + strings.Trim(id, "<>") + ">")
			}
			if !ok {
				return fmt.Errorf("no message %s is known; sync first, and give its Message-ID", id)
			}
			keys = append(keys, key)
		}
		return nil
	})
	return keys, err
}

func describe(s *offline.Store, keys []uint64) (out actionJSON, err error) {
	err = s.View(func(tx *offline.Tx) error {
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			t := m.Track
			out.Messages = append(out.Messages, messageJSON{
				ID: m.Identity, State: string(t.State), Since: t.Since, Cause: string(t.Cause), Reason: t.Reason,
				Record: t.Record.String(), Regarding: t.Regarding.String(),
			})
		}
		return nil
	})
	return out, err
}

// usageError is a mistake on the command line: exit code 2.
type usageError string

func (e usageError) Error() string { return string(e) }

// exitCode is the program's exit code for an error: 0 done, 1 something failed
// and was reported, 2 usage or configuration.
func exitCode(err error) int {
	var usage usageError
	var config *configError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage), errors.As(err, &config):
		return 2
	}
	return 1
}
