package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"postrider/agent"
	"postrider/offline"

	"github.com/spf13/cobra"
)

func (c *commands) sync() *cobra.Command {
	var once, asJSON, yes bool
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Sync without a window",
		Long: `Sync without a window: pull what changed in mailbox and CRM, decide what to
track, carry the changes over. With --once it does that one time and ends;
otherwise it goes on until it is interrupted. Where Postrider runs on the profile
already, --once asks that one.

Before calendars and address books meet the CRM for the first time, it tells what
would be linked and made on either side, and does none of it until you say --yes (or
Start in the window).`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON && !once {
				return usageError("--json goes with --once")
			}
			if yes && !once {
				return usageError("--yes goes with --once")
			}
			home, err := homeOf(c.home)
			if err != nil {
				return err
			}
			if !once {
				return c.serve(cmd.Context(), home)
			}
			s, err := syncOnce(cmd.Context(), home, yes)
			if err != nil {
				return err
			}
			return c.printSync(s, asJSON)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "one full sync, then end")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (see docs/cli.md)")
	cmd.Flags().BoolVar(&yes, "yes", false, "start with appointments, contacts and tasks, as the match report has it")
	return cmd
}

// syncOnce does one full sync, in the running Postrider if there is one.
func syncOnce(ctx context.Context, home string, yes bool) (syncJSON, error) {
	var s syncJSON
	err := ask(ctx, home, request{Do: "sync", Yes: yes}, &s)
	if !errors.Is(err, errNotRunning) {
		return s, err
	}
	p, err := openProfile(ctx, home)
	if err != nil {
		return s, err
	}
	s, err = fullSync(ctx, p.Agent, yes, func(ctx context.Context) (agent.Report, error, error) {
		report, failed := p.Agent.SyncOnce(ctx)
		return report, failed, ctx.Err()
	})
	return s, errors.Join(err, p.Close())
}

func (c *commands) printSync(s syncJSON, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(c.out).Encode(s); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.out, "%d messages: %d tracked, %d not tracked, %d waiting, %d failed (%.1f s, %d mailbox and %d CRM requests)\n",
			s.Seen, s.Tracked, s.Skipped, s.Waiting, s.Failed, s.Seconds, s.Requests.IMAP, s.Requests.CRM)
		printItems(c.out, s.Items, s.Match)
		c.printProblems(s.Problems)
	}
	if !s.OK {
		return errReported
	}
	return nil
}

func (c *commands) printProblems(ps []problemJSON) {
	for _, p := range ps {
		fmt.Fprintf(c.errOut, "! %s (%s)\n", p.Text, p.Code)
	}
}

// serve syncs until ctx ends, without a window.
func (c *commands) serve(ctx context.Context, home string) error {
	p, stop, err := c.start(ctx, home, func() {})
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintln(c.out, "Postrider syncs; interrupt to end.")
	return p.Agent.Run(ctx)
}

// start opens a profile and answers other Postriders of it; show is called when
// one asks for the window.
func (c *commands) start(ctx context.Context, home string, show func()) (*Profile, func(), error) {
	p, err := openProfile(ctx, home)
	if err != nil {
		return nil, nil, err
	}
	stop, err := serveInstance(ctx, home, func(ctx context.Context, r request) (any, error) {
		if r.Do == "show" {
			show()
			return nil, nil
		}
		return carryOut(ctx, p.Agent, r)
	})
	if err != nil {
		return nil, nil, errors.Join(err, p.Close())
	}
	return p, func() {
		stop()
		if err := p.Close(); err != nil {
			fmt.Fprintln(c.errOut, "postrider:", err)
		}
	}, nil
}

func (c *commands) status() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show the counts and when each connection was last good",
		Long: `Show the counts and when each connection was last good, from the offline store
alone: no server is asked.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(c.home)
			if err != nil {
				return err
			}
			s, err := statusOf(cmd.Context(), home)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.out).Encode(s)
			}
			fmt.Fprintf(c.out, "%d messages: %d tracked, %d not tracked, %d waiting, %d failed\n", s.Seen, s.Tracked, s.Skipped, s.Waiting, s.Failed)
			printItems(c.out, s.Items, nil)
			fmt.Fprintf(c.out, "mailbox: last good %s\nCRM: last good %s\n", ago(s.Mailbox.LastGood), ago(s.CRM.LastGood))
			c.printProblems(s.Problems)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (see docs/cli.md)")
	return cmd
}

func ago(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func statusOf(ctx context.Context, home string) (s statusJSON, err error) {
	err = ask(ctx, home, request{Do: "status"}, &s)
	if !errors.Is(err, errNotRunning) {
		return s, err
	}
	return withAgent(ctx, home, func(a *agent.Agent) (statusJSON, error) { return toStatusJSON(a.Status(), false), nil })
}

func (c *commands) track() *cobra.Command {
	var regarding string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "track MESSAGE-ID...", Short: "Track messages by their Message-ID",
		Long: `Track messages by their Message-ID. They are marked at once, and carried to the
CRM by the running Postrider or at the next sync.`,
		Args: someArgs("the Message-ID of a message"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd.Context(), request{Do: "track", Messages: args, Regarding: regarding}, asJSON)
		},
	}
	cmd.Flags().StringVar(&regarding, "regarding", "", "the record that they are about, as kind:id (account, contact, lead, opportunity, case)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (see docs/cli.md)")
	return cmd
}

func (c *commands) untrack() *cobra.Command {
	var asJSON, del bool
	cmd := &cobra.Command{
		Use: "untrack MESSAGE-ID...", Short: "Untrack messages by their Message-ID",
		Long: `Untrack messages by their Message-ID. The messages stay in the mailbox; the
records stay in the CRM unless --delete is given.`,
		Args: someArgs("the Message-ID of a message"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd.Context(), request{Do: "untrack", Messages: args, Delete: del}, asJSON)
		},
	}
	cmd.Flags().BoolVar(&del, "delete", false, "delete the email records in the CRM, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (see docs/cli.md)")
	return cmd
}

// change tracks or untracks, in the running Postrider if there is one.
func (c *commands) change(ctx context.Context, r request, asJSON bool) error {
	home, err := homeOf(c.home)
	if err != nil {
		return err
	}
	if _, ok := offline.ParseRef(r.Regarding); r.Regarding != "" && !ok {
		return usageError(fmt.Sprintf("--regarding %q is not kind:id", r.Regarding))
	}
	var out actionJSON
	err = ask(ctx, home, r, &out)
	if errors.Is(err, errNotRunning) {
		out, err = withAgent(ctx, home, func(a *agent.Agent) (actionJSON, error) { return change(a, r) })
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(c.out).Encode(out)
	}
	for _, m := range out.Messages {
		fmt.Fprintf(c.out, "%s: %s %s\n", m.ID, m.State, m.Reason)
	}
	return nil
}
