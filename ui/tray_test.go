//go:build !headless

package ui

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"postrider/agent"
	"postrider/assets"
)

// A private bus, so that the desktop of whoever runs the tests does not matter.
func privateBus(t *testing.T) (address string) {
	t.Helper()
	path, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Fatal("dbus-daemon is missing: install the Debian package dbus-daemon")
	}
	cmd := exec.Command(path, "--session", "--nofork", "--nopidfile", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestATrayIsThereOnlyWhereSomebodyShowsIt(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+t.TempDir()+"/none")
	if hasTray() {
		t.Error("a tray without a bus")
	}
	address := privateBus(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	if hasTray() {
		t.Error("a tray that nobody shows")
	}
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if _, err := bus.RequestName(watcherName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	if !hasTray() {
		t.Error("no tray where there is one")
	}
}

func TestEachPhaseHasItsTrayIcon(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range []agent.Phase{agent.Idle, agent.Syncing, agent.Offline, agent.NeedsMe, agent.Paused} {
		icon := trayIcon(p)
		if seen[string(icon.Content())] || !strings.HasPrefix(string(icon.Content()), "\x89PNG") {
			t.Errorf("%s: %s is no picture of its own", p, icon.Name())
		}
		seen[string(icon.Content())] = true
	}
	if !strings.HasPrefix(string(assets.Icon()), "\x89PNG") {
		t.Error("the application's icon is no PNG")
	}
}
