//go:build !headless

package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"postrider/ui"
)

// open opens the window of a profile, or raises that of the Postrider that runs
// on it already.
func (c *commands) open(ctx context.Context, home string, hidden bool) error {
	if err := ask(ctx, home, request{Do: "show"}, nil); !errors.Is(err, errNotRunning) {
		return err
	}
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return usageError("there is no display to open a window on; use `postrider sync`, or `postrider demo --headless`")
	}
	raise := make(chan struct{}, 1)
	p, stop, err := c.start(ctx, home, func() {
		select {
		case raise <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer stop()

	ctx, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Agent.Run(ctx) }()
	err = ui.Run(ui.Options{
		Store: p.Store, Agent: p.Agent, Account: p.Config.Mailbox.Address,
		Hidden: hidden, Raise: raise, Quit: ctx.Done(), Log: p.Log,
		Started: func() { p.Log.Info("first frame", "ms", time.Since(c.began).Milliseconds()) },
	})
	end()
	if runErr := <-ended; runErr != nil {
		err = errors.Join(err, fmt.Errorf("the sync agent ended: %w", runErr))
	}
	return err
}
