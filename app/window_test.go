//go:build !headless

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"postrider/app/demo"
)

// screen is an X server of its own.
type screen struct {
	t       *testing.T
	display string
	user    string // the home of the user who sits at it
}

func startScreen(t *testing.T) *screen {
	t.Helper()
	need(t, "Xvfb", "xvfb")
	need(t, "xdotool", "xdotool")
	need(t, "import", "imagemagick")
	cmd := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset")
	return &screen{t: t, display: ":" + startAndRead(t, cmd, nil), user: t.TempDir()}
}

func (s *screen) env() []string {
	// No session bus: no tray, and nothing of the machine's own session.
	return append(os.Environ(), "DISPLAY="+s.display, "LIBGL_ALWAYS_SOFTWARE=1", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", "LANG=en_US.UTF-8",
		"HOME="+s.user, "XDG_CONFIG_HOME="+s.user, asProgram+"=1")
}

func (s *screen) xdotool(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = s.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("xdotool %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// picture is what the screen shows. Where POSTRIDER_TEST_SHOTS names a folder,
// it is kept there under a name.
func (s *screen) picture(name string) image.Image {
	s.t.Helper()
	cmd := exec.Command("import", "-window", "root", "png:-")
	cmd.Env = s.env()
	raw, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("take a screenshot: %v", err)
	}
	if dir := os.Getenv("POSTRIDER_TEST_SHOTS"); dir != "" && name != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), raw, 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	return img
}

// window is the running program with its window.
type window struct {
	*screen
	cmd  *exec.Cmd
	home string
	err  *bytes.Buffer
	id   string
}

func (s *screen) open(home string) *window {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	w := &window{screen: s, home: home, err: &bytes.Buffer{}, cmd: exec.Command(self, "--home", home)}
	w.cmd.Env = s.env()
	w.cmd.Stderr = w.err
	w.cmd.Stdout = w.err
	if err := w.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { w.cmd.Process.Kill(); w.cmd.Wait() })
	w.until("the window is there", func() bool {
		cmd := exec.Command("xdotool", "search", "--onlyvisible", "--name", "Postrider")
		cmd.Env = s.env()
		out, _ := cmd.Output()
		w.id, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
		return w.id != ""
	})
	w.xdotool("windowsize", "--sync", w.id, "1400", "900")
	w.xdotool("windowmove", w.id, "0", "0")
	w.xdotool("windowfocus", w.id)
	return w
}

// until waits for something to become true, looking often.
func (w *window) until(what string, is func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			w.picture("failed")
			w.t.Fatalf("waited in vain until %s; it printed: %s", what, w.err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

func (w *window) status() (st statusJSON, ok bool) {
	return st, ask(context.Background(), w.home, request{Do: "status"}, &st) == nil
}

// quit ends the program as a session manager would.
func (w *window) quit() {
	w.t.Helper()
	began := time.Now()
	w.cmd.Process.Signal(os.Interrupt)
	w.cmd.Wait()
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		w.t.Errorf("ended with %d after %v: %s", code, time.Since(began), w.err)
	}
	if strings.Contains(w.err.String(), "Error in Fyne call thread") {
		w.t.Errorf("the window was touched from a wrong goroutine:\n%s", w.err)
	}
}

// is reports whether a pixel is near a colour of the theme (0xRRGGBB).
func is(img image.Image, x, y int, rgb uint32) bool {
	r, g, b, _ := img.At(x, y).RGBA()
	near := func(a uint32, b uint32) bool { d := int(a>>8) - int(b); return d > -6 && d < 6 }
	return near(r, rgb>>16&0xff) && near(g, rgb>>8&0xff) && near(b, rgb&0xff)
}

// The theme's accent, light and dark.
var accents = []uint32{0x0B6B5B, 0x56BFAA}

func isAccent(img image.Image, x, y int) bool {
	return is(img, x, y, accents[0]) || is(img, x, y, accents[1])
}

// primaryButton finds a point of the primary button: the widest block of the
// accent colour, which is higher than any line or sign.
func primaryButton(img image.Image) (x, y int, ok bool) {
	b := img.Bounds()
	best := 0
	for row := b.Min.Y + 8; row < b.Max.Y; row += 4 {
		for from := b.Min.X; from < b.Max.X; from++ {
			to := from
			for to < b.Max.X && isAccent(img, to, row) && isAccent(img, to, row-8) {
				to++
			}
			if n := to - from; n > best && n >= 8 {
				best, x, y, ok = n, from+3, row, true
			}
			if to > from {
				from = to
			}
		}
	}
	return x, y, ok
}

// variety counts the different colours in a part of the picture: text and signs
// make many, an empty surface few.
func variety(img image.Image, r image.Rectangle) int {
	seen := map[string]bool{}
	for y := r.Min.Y; y < r.Max.Y; y += 2 {
		for x := r.Min.X; x < r.Max.X; x++ {
			seen[fmt.Sprint(img.At(x, y))] = true
		}
	}
	return len(seen)
}

// 5: the window shows the demo's mailbox, Track works with mouse and keyboard,
// the state becomes tracked when the organization has it, and a start with all
// servers down shows what is cached.
func TestTheWindowShowsTheMailboxAndTracks(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := startScreen(t)
	ctx := context.Background()
	world, err := demo.Start(ctx, demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	home := t.TempDir()
	if err := furnish(home, world.Address(), "", world.Describe()); err != nil {
		t.Fatal(err)
	}
	w := s.open(home)
	w.until("the first sync is over", func() bool {
		st, ok := w.status()
		return ok && st.Phase == "idle" && st.Seen > 100 && st.Waiting == 0
	})
	list := image.Rect(80, 80, 380, 800)
	w.until("the list is drawn", func() bool { return variety(w.picture("synced"), list) > 200 })
	st, _ := w.status()
	emails := world.Org().Count("email")

	trackedOneMore := func(by string) {
		t.Helper()
		w.until("a message is tracked by "+by, func() bool {
			now, ok := w.status()
			return ok && now.Tracked == st.Tracked+1 && now.Waiting == 0 && world.Org().Count("email") == emails+1
		})
		st, _ = w.status()
		emails = world.Org().Count("email")
		// Its button goes; until then the screen shows what was.
		w.until("the message tracked by "+by+" has no primary button", func() bool {
			_, _, ok := primaryButton(w.picture("tracked-by-" + by))
			return !ok
		})
	}

	// With the keyboard: down the list to a message that is not tracked.
	w.selectUntracked()
	w.xdotool("key", "--window", w.id, "t")
	trackedOneMore("keyboard")

	// With the mouse: the primary button of another one.
	x, y := w.selectUntracked()
	w.xdotool("mousemove", fmt.Sprint(x), fmt.Sprint(y), "click", "1")
	trackedOneMore("mouse")
	w.quit()

	// All servers down: what is cached is there at once.
	if err := world.Close(); err != nil {
		t.Fatal(err)
	}
	w = s.open(home)
	w.until("the cached list is drawn", func() bool { return variety(w.picture("offline"), list) > 200 })
	if again, ok := w.status(); !ok || again.Tracked != st.Tracked || again.Seen != st.Seen {
		t.Errorf("offline it knows %+v, before it knew %+v", again.Counts, st.Counts)
	}

	// A second start raises the first one's window and ends.
	second := exec.Command(w.cmd.Path, "--home", home)
	second.Env = s.env()
	if out, err := second.CombinedOutput(); err != nil {
		t.Errorf("the second start: %v: %s", err, out)
	}
	w.quit()
}

// selectUntracked moves down the list until the primary button is there, which
// a message that is not tracked has, and returns a point of it.
func (w *window) selectUntracked() (x, y int) {
	w.t.Helper()
	w.until("a message that is not tracked is selected", func() (ok bool) {
		w.xdotool("key", "--window", w.id, "j")
		x, y, ok = primaryButton(w.settled())
		return ok
	})
	return x, y
}

// settled is what the screen shows once it has stopped changing: what is still
// to be drawn may belong to the row before.
func (w *window) settled() image.Image {
	w.t.Helper()
	img := w.picture("")
	for tries, same := 0, 0; same < 3; tries++ {
		if tries == 100 {
			w.t.Fatalf("the screen never stops changing")
		}
		<-time.After(100 * time.Millisecond)
		next := w.picture("")
		if reflect.DeepEqual(img, next) {
			same++
		} else {
			same = 0
		}
		img = next
	}
	return img
}

func TestTheDemoDescribesItselfAndItsProfileWorks(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r := &rig{t: t, home: filepath.Join(t.TempDir(), "demo")}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "demo", "--headless", "--json", "--dir", r.home)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var about demo.Description
	line := startAndRead(t, cmd, nil)
	if err := json.Unmarshal([]byte(line), &about); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if about.Home != r.home || about.IMAP.Password == "" || about.SMTP.Address == "" || about.CRM.Token == "" {
		t.Errorf("described as %+v", about)
	}
	first := r.sync()
	if first.Seen < 150 || first.Tracked == 0 || first.Failed+first.Waiting != 0 {
		t.Errorf("the first sync: %+v", first)
	}
	out, errOut, code := r.run("status", "--json")
	var st statusJSON
	if err := json.Unmarshal([]byte(out), &st); err != nil || code != 0 || st.Counts != first.Counts || st.Mailbox.LastGood == nil || st.CRM.LastGood == nil {
		t.Errorf("status: %v %d %s%s", err, code, out, errOut)
	}
	began := time.Now()
	cmd.Process.Signal(os.Interrupt)
	state, err := cmd.Process.Wait()
	if err != nil || state.ExitCode() != 0 {
		t.Errorf("interrupted, it ended with %v, %v", state, err)
	}
	t.Logf("ended %v after the interrupt", time.Since(began))
}
