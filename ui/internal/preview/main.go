//go:build !headless

// Command preview shows the window on the sample, and writes pictures of it: for
// looking at what was changed. It needs a display (or Xvfb).
//
//	go run ./ui/internal/preview -out DIR -wide 1280 -high 800 -theme dark keys...
//
// Each key is typed into the window: a letter, or a name such as Escape, Return, F5,
// Tab, Ctrl+A; "=text" types into the focused field, "@x,y" clicks, "!name" writes DIR/name.png, and
// "~trouble", "~syncing", "~offline", "~server" change the agent's status, "~slow" makes it slow.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"postrider/agent"
	"postrider/offline"
	"postrider/ui"
	"postrider/ui/internal/sample"
)

func main() {
	out := flag.String("out", ".", "folder for the pictures")
	wide := flag.Float64("wide", 1280, "")
	high := flag.Float64("high", 800, "")
	look := flag.String("theme", "light", "")
	empty := flag.Bool("empty", false, "an empty store")
	meet := flag.Bool("meet", false, "the first contact is not confirmed yet")
	hidden := flag.Bool("hidden", false, "start in the tray; the key ~raise shows the window")
	many := flag.Int("many", 0, "so many messages more")
	flag.Parse()
	if err := run(*out, *look, float32(*wide), float32(*high), *empty, *hidden, *meet, *many, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out, look string, wide, high float32, empty, hidden, meet bool, many int, keys []string) error {
	dir, err := os.MkdirTemp("", "preview")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	key, err := offline.NewKey()
	if err != nil {
		return err
	}
	s, err := offline.Open(dir, key, offline.OpenOptions{Now: sample.Now})
	if err != nil {
		return err
	}
	defer s.Close()
	if !empty {
		if err := sample.Fill(s); err != nil {
			return err
		}
		if err := sample.FillOutbox(s); err != nil {
			return err
		}
		if err := sample.FillItems(s); err != nil {
			return err
		}
		if err := sample.ManyItems(s, min(many, 500), many); err != nil {
			return err
		}
		if err := sample.More(s, many); err != nil {
			return err
		}
	}
	a := sample.NewAgent(s)
	a.SetMeet(meet)
	if empty {
		a.Set(func(st *agent.Status) { st.MailAt, st.CRMAt = time.Time{}, time.Time{} })
	}
	snap, quit, started, raise := make(chan func(fyne.Window)), make(chan struct{}), make(chan struct{}), make(chan struct{})
	begin := time.Now()
	o := ui.Options{Store: s, Agent: a, Account: "ann.becker@postrider.example", Theme: look, Log: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: sample.Now, Snap: snap, Quit: quit, Hidden: hidden, Raise: raise,
		Started: func() { fmt.Println("first frame after", time.Since(begin)); close(started) }}
	o.Size.Wide, o.Size.High = wide, high
	go func() {
		defer close(quit)
		<-started
		time.Sleep(1200 * time.Millisecond)
		for _, k := range keys {
			if k == "~raise" {
				raise <- struct{}{}
				time.Sleep(500 * time.Millisecond)
				continue
			}
			play(a, snap, out, k)
			time.Sleep(350 * time.Millisecond)
		}
	}()
	return ui.Run(o)
}

func play(a *sample.Agent, snap chan func(fyne.Window), out, k string) {
	if strings.HasPrefix(k, "!") {
		// the toolkit's own Capture reads a buffer that was shown already
		cmd := exec.Command("import", "-window", "root", filepath.Join(out, k[1:]+".png"))
		cmd.Stderr = os.Stderr
		_ = cmd.Run()
		return
	}
	done := make(chan struct{})
	snap <- func(w fyne.Window) {
		defer close(done)
		c := w.Canvas()
		switch {
		case strings.HasPrefix(k, "="):
			test.Type(c.Focused(), k[1:])
		case strings.HasPrefix(k, "@"):
			var x, y float32
			fmt.Sscanf(k, "@%f,%f", &x, &y)
			test.TapCanvas(c, fyne.NewPos(x, y))
		case k == "~trouble":
			go a.Set(sample.Trouble)
		case k == "~syncing":
			go a.Set(func(s *agent.Status) {
				s.Phase, s.CatchUp, s.Doing, s.Done, s.Total = agent.Syncing, true, "Reading Inbox", 120, 450
			})
		case k == "~offline":
			go a.Set(func(s *agent.Status) { s.Phase, s.NextTry = agent.Offline, sample.Now().Add(time.Minute) })
		case k == "~server":
			go a.SetUser(func(u *offline.User) {
				u.Options.Methods = offline.Methods{Mailbox: "m", Incoming: offline.MethodServer, Outgoing: offline.MethodNone, MayChange: true}
			})
		case k == "~slow":
			a.Gate = func(string) { time.Sleep(700 * time.Millisecond) }
		case k == "~nonet":
			a.NoNet = true
		case strings.HasPrefix(k, "Ctrl+"):
			press(c, k)
		case k == "Tab":
			if f, ok := c.Focused().(fyne.Tabbable); ok && f.AcceptsTab() {
				c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
				break
			}
			c.(interface{ FocusNext() }).FocusNext()
		case len(k) == 1:
			if f := c.Focused(); f != nil {
				f.TypedRune(rune(k[0]))
			} else {
				c.OnTypedRune()(rune(k[0]))
			}
		default:
			e := &fyne.KeyEvent{Name: fyne.KeyName(k)}
			if f := c.Focused(); f != nil {
				f.TypedKey(e)
			} else {
				c.OnTypedKey()(e)
			}
		}
	}
	<-done
}

func press(c fyne.Canvas, k string) {
	var s fyne.Shortcut
	switch k {
	case "Ctrl+A":
		s = &fyne.ShortcutSelectAll{}
	case "Ctrl+Z":
		s = &fyne.ShortcutUndo{}
	case "Ctrl+Shift+R":
		s = &desktop.CustomShortcut{KeyName: fyne.KeyR, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift}
	default:
		s = &desktop.CustomShortcut{KeyName: fyne.KeyName(strings.TrimPrefix(k, "Ctrl+")), Modifier: fyne.KeyModifierControl}
	}
	if f, ok := c.Focused().(fyne.Shortcutable); ok {
		f.TypedShortcut(s)
		return
	}
	c.(interface{ TypedShortcut(fyne.Shortcut) }).TypedShortcut(s)
}
