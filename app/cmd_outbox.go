package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"postrider/agent"
	"postrider/offline"

	"github.com/spf13/cobra"
)

// draftJSON is a message that is written here, or waits to be sent. It is kept
// stable; see docs/cli.md.
type draftJSON struct {
	ID        uint64    `json:"id"`
	MessageID string    `json:"message_id,omitempty"`
	State     string    `json:"state"`
	Subject   string    `json:"subject"`
	To        []string  `json:"to"`
	Since     time.Time `json:"since"` // when it was sent off, or saved last
	Reason    string    `json:"reason,omitempty"`
	Doubt     bool      `json:"doubt,omitempty"` // it may have gone; see docs/sending.md
}

// outboxJSON is what `outbox --json` prints.
type outboxJSON struct {
	Drafts []draftJSON `json:"drafts"`
}

func (c *commands) outbox() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "outbox [cancel|retry|went|discard ID]",
		Short: "Show what waits to be sent, or do something about it",
		Long: `Show what is being written, waits to be sent, or could not be sent. With a verb and
a number from that list:

  cancel   take it out of the outbox, back to the drafts
  retry    send it again, now
  went     of one that may have gone: it did (see docs/sending.md)
  discard  forget it`,
		Args: outboxArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			r := request{Do: "outbox"}
			if len(args) == 2 {
				r.Verb = args[0]
				r.Draft, _ = strconv.ParseUint(args[1], 10, 64) // outboxArgs has read it
			}
			return c.showOutbox(cmd.Context(), r, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (see docs/cli.md)")
	return cmd
}

// outboxVerbs are what can be done about one draft.
var outboxVerbs = map[string]func(*agent.Agent, uint64) error{
	"cancel":  (*agent.Agent).CancelSend,
	"retry":   (*agent.Agent).RetrySend,
	"went":    (*agent.Agent).ConfirmSent,
	"discard": (*agent.Agent).DiscardDraft,
}

func outboxArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if outboxVerbs[args[0]] == nil {
		return usageError(fmt.Sprintf("outbox does not know %q; it knows cancel, retry, went and discard", args[0]))
	}
	if len(args) != 2 {
		return usageError(fmt.Sprintf("outbox %s needs one number from the list that `postrider outbox` shows", args[0]))
	}
	if _, err := strconv.ParseUint(args[1], 10, 64); err != nil {
		return usageError(fmt.Sprintf("%q is not a number from the list that `postrider outbox` shows", args[1]))
	}
	return nil
}

func (c *commands) showOutbox(ctx context.Context, r request, asJSON bool) error {
	home, err := homeOf(c.home)
	if err != nil {
		return err
	}
	var out outboxJSON
	err = ask(ctx, home, r, &out)
	if errors.Is(err, errNotRunning) {
		out, err = withAgent(ctx, home, func(a *agent.Agent) (outboxJSON, error) { return outbox(a, r) })
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(c.out).Encode(out)
	}
	if len(out.Drafts) == 0 {
		fmt.Fprintln(c.out, "Nothing waits to be sent.")
	}
	for _, d := range out.Drafts {
		fmt.Fprintf(c.out, "%d: %s, since %s: %s\n", d.ID, d.State, ago(&d.Since), d.Subject)
		if d.Reason != "" {
			fmt.Fprintf(c.out, "   %s\n", d.Reason)
		}
	}
	return nil
}

// outbox does what a request asks about one draft, and lists them all.
func outbox(a *agent.Agent, r request) (out outboxJSON, err error) {
	if r.Verb != "" {
		do := outboxVerbs[r.Verb]
		if do == nil {
			return out, fmt.Errorf("the outbox does not know %q", r.Verb)
		}
		if err := do(a, r.Draft); err != nil {
			return out, err
		}
	}
	out.Drafts = []draftJSON{}
	err = a.Store.View(func(tx *offline.Tx) error {
		all, err := tx.Drafts()
		for _, d := range all {
			out.Drafts = append(out.Drafts, toDraftJSON(d))
		}
		return err
	})
	return out, err
}

func describeDraft(s *offline.Store, id uint64) (out draftJSON, err error) {
	err = s.View(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if errors.Is(err, offline.ErrNotFound) { // sent and filed already
			out = draftJSON{ID: id, State: string(offline.DraftSent), To: []string{}}
			return nil
		}
		out = toDraftJSON(d)
		return err
	})
	return out, err
}

func toDraftJSON(d offline.Draft) draftJSON {
	j := draftJSON{ID: d.ID, MessageID: d.Identity, State: string(d.State), Subject: d.Subject, To: []string{}, Since: d.Queued, Reason: d.Reason, Doubt: d.Doubt}
	if d.Queued.IsZero() {
		j.Since = d.Saved
	}
	for _, list := range [][]offline.Address{d.To, d.Cc, d.Bcc} {
		for _, to := range list {
			j.To = append(j.To, to.Addr)
		}
	}
	return j
}
