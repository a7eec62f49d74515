//go:build !headless

package ui

import (
	"context"
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/godbus/dbus/v5"

	"postrider/agent"
	"postrider/assets"
)

// watcherName is who shows tray icons on a Linux or BSD desktop.
const watcherName = "org.kde.StatusNotifierWatcher"

// hasTray reports whether the desktop shows tray icons. The toolkit does not say:
// where nobody does it only writes to the log.
func hasTray() bool {
	switch runtime.GOOS {
	case "windows", "darwin":
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return false
	}
	defer bus.Close()
	var owned bool
	err = bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, watcherName).Store(&owned)
	return err == nil && owned
}

// tray is the icon in the desktop's tray and its menu.
type tray struct {
	r     *runner
	app   desktop.App
	menu  *fyne.Menu
	pause *fyne.MenuItem
	phase agent.Phase
	shown bool
}

func newTray(r *runner) *tray {
	t := &tray{r: r}
	t.app, _ = r.app.(desktop.App)
	t.pause = fyne.NewMenuItem("Pause", func() { r.win.desk.SetPaused(!r.win.desk.Paused()) })
	quit := fyne.NewMenuItem("Quit", r.app.Quit)
	quit.IsQuit = true
	t.menu = fyne.NewMenu("Postrider", fyne.NewMenuItem("Open Postrider", r.raise), fyne.NewMenuItem("Sync now", r.win.desk.SyncNow),
		t.pause, fyne.NewMenuItemSeparator(), quit)
	r.win.onStatus = t.update
	return t
}

// show puts the icon there.
func (t *tray) show() {
	if t.shown || t.app == nil {
		return
	}
	t.shown = true
	t.app.SetSystemTrayIcon(trayIcon(t.r.win.desk.Status.Phase))
	t.app.SetSystemTrayMenu(t.menu)
	t.phase = ""
	t.update()
}

// update follows what the agent is at.
func (t *tray) update() {
	p := t.r.win.desk.Status.Phase
	if !t.shown || p == t.phase {
		return
	}
	was := t.phase
	t.phase = p
	t.app.SetSystemTrayIcon(trayIcon(p))
	if (p == agent.Paused) != (was == agent.Paused) {
		t.pause.Label = "Pause"
		if p == agent.Paused {
			t.pause.Label = "Resume"
		}
		t.menu.Refresh()
	}
}

func trayIcon(p agent.Phase) fyne.Resource {
	state := "idle"
	switch p {
	case agent.Syncing:
		state = "syncing"
	case agent.Offline:
		state = "offline"
	case agent.NeedsMe:
		state = "attention"
	case agent.Paused:
		state = "paused"
	}
	return fyne.NewStaticResource("tray-"+state+".png", assets.Tray(state))
}
