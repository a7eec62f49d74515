package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own

	"github.com/spf13/cobra"
)

// Version is the program's version.
const Version = "0.1.0"

// endWithin is how long the program may take to end after a signal; what is
// not done by then is done at the next start, because nothing that matters is
// in memory only.
const endWithin = 1900 * time.Millisecond

// Main runs the command line and returns the exit code: 0 done, 1 something
// failed and was reported, 2 usage or configuration.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		stop()
		time.Sleep(endWithin)
		os.Exit(1)
	}()

	c := &commands{in: in, out: out, errOut: errOut, began: time.Now()}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil, errors.Is(err, errReported):
	case errors.Is(err, context.Canceled):
		// Ended by the user; what was under way goes on at the next start.
	default:
		fmt.Fprintln(errOut, "postrider:", err)
		var usage usageError
		if errors.As(err, &usage) {
			fmt.Fprintln(errOut, "See postrider --help.")
		}
	}
	return exitCode(err)
}

// errReported ends a command with exit code 1 after it said itself what failed.
var errReported = errors.New("something failed and was reported")

// commands are the program's commands, with what they share.
type commands struct {
	in          io.Reader
	out, errOut io.Writer
	home        string    // --home
	began       time.Time // when the program started
}

func (c *commands) root() *cobra.Command {
	var hidden bool
	root := &cobra.Command{
		Use:   "postrider",
		Short: "Carries your mail between your mailbox and your CRM",
		Long: `Postrider carries your mail between your own mailbox and your CRM while it runs,
works offline, and catches up at the next start.

Without a command it opens its window. Everything of a profile (configuration,
offline store, log) is in one folder, its home.`,
		Example: `  postrider demo                      look around in a small world made up for it
  postrider                           open the window
  postrider sync --once               catch up and end
  postrider track '<id@example.com>'  track a message by its Message-ID`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(c.home)
			if err != nil {
				return err
			}
			return c.open(cmd.Context(), home, hidden)
		},
	}
	root.Flags().BoolVar(&hidden, "hidden", false, "start in the tray, without the window")
	root.PersistentFlags().StringVar(&c.home, "home", "", "the profile's folder (default: $POSTRIDER_HOME, or your configuration folder)")
	root.SetOut(c.out)
	root.SetErr(c.errOut)
	root.SetIn(c.in)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err.Error()) })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(c.sync(), c.status(), c.track(), c.untrack(), c.send(), c.outbox(), c.demo(), c.doctor(), c.password(), c.discover(), c.signIn(), c.version())
	return root
}

// noArgs refuses arguments as a mistake of usage.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(fmt.Sprintf("%s takes no argument, and there is no command %q", cmd.CommandPath(), args[0]))
	}
	return nil
}

// someArgs asks for at least one.
func someArgs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageError(fmt.Sprintf("%s needs %s", cmd.CommandPath(), what))
		}
		return nil
	}
}

func (c *commands) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.out, "postrider", Version)
			return err
		},
	}
}
