package davtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// StartRadicale starts a Radicale with a calendar, a task list and an address
// book, and stops it when t ends. Without the program, t fails with the name of
// the package.
func StartRadicale(t testing.TB) Fixture {
	t.Helper()
	dir := t.TempDir()
	users := filepath.Join(dir, "users")
	if err := os.WriteFile(users, []byte("jana:secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Fixture{User: "jana", Password: "secret", Auth: true}
	start(t, "radicale", func(port int) []string {
		conf := filepath.Join(dir, "config")
		text := fmt.Sprintf("[server]\nhosts = 127.0.0.1:%d\nmax_connections = 40\n[auth]\ntype = htpasswd\nhtpasswd_filename = %s\nhtpasswd_encryption = plain\ndelay = 0\n"+
			"[storage]\nfilesystem_folder = %s\n[logging]\nlevel = warning\n", port, users, filepath.Join(dir, "data"))
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.URL = fmt.Sprintf("http://127.0.0.1:%d/", port)
		return []string{"--config", conf}
	}, &f)
	f.make(t, "MKCALENDAR", "jana/calendar/", calendarOf("VEVENT", "Calendar"))
	f.make(t, "MKCALENDAR", "jana/tasks/", calendarOf("VTODO", "Tasks"))
	f.make(t, "MKCOL", "jana/people/", `<?xml version="1.0"?><d:mkcol xmlns:d="DAV:" xmlns:a="urn:ietf:params:xml:ns:carddav"><d:set><d:prop>`+
		`<d:resourcetype><d:collection/><a:addressbook/></d:resourcetype><d:displayname>People</d:displayname></d:prop></d:set></d:mkcol>`)
	return f
}

func calendarOf(component, name string) string {
	return `<?xml version="1.0"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop><d:displayname>` + name +
		`</d:displayname><c:supported-calendar-component-set><c:comp name="` + component + `"/></c:supported-calendar-component-set></d:prop></d:set></c:mkcalendar>`
}

// StartXandikos starts a Xandikos with the collections that it makes by itself,
// and stops it when t ends. It asks nobody for a password.
func StartXandikos(t testing.TB) Fixture {
	t.Helper()
	dir := t.TempDir()
	f := Fixture{User: "user", Password: "secret"}
	start(t, "xandikos", func(port int) []string {
		f.URL = fmt.Sprintf("http://127.0.0.1:%d/", port)
		return []string{"-d", filepath.Join(dir, "data"), "--defaults", "--current-user-principal", "/user/", "-l", "127.0.0.1", "-p", fmt.Sprint(port)}
	}, &f)
	return f
}

// start runs a program until it answers.
func start(t testing.TB, program string, args func(port int) []string, f *Fixture) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("these tests need the program %s: install the Debian package %s", program, program)
	}
	// The port is free when it is chosen; another program may still take it first.
	for try := 1; ; try++ {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if err = run(t, exec.Command(path, args(port)...), f.URL); err == nil {
			return
		}
		if try == 3 {
			t.Fatalf("start %s: %v", program, err)
		}
	}
}

func run(t testing.TB, cmd *exec.Cmd, url string) error {
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	stop := func() {
		kill(cmd)
		err := <-done
		done <- err
	}
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for {
		select {
		case err := <-done:
			return fmt.Errorf("it ended: %w: %s", errors.Join(err), out)
		case <-deadline:
			stop()
			return errors.New("it does not answer")
		case <-tick.C:
			resp, err := client.Get(url)
			if err != nil {
				continue
			}
			resp.Body.Close()
			t.Cleanup(func() {
				stop()
				if t.Failed() {
					t.Logf("the server said: %.4000s", out)
				}
			})
			return nil
		}
	}
}
