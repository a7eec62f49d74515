package imaptest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Options say how a private Dovecot differs from the default one.
type Options struct {
	User     string // "jana@example.test" if empty
	Password string // "secret" if empty
	// Without are capabilities that the server neither announces nor, as far as
	// a client that believes it can tell, has: "QRESYNC", "CONDSTORE", ...
	Without []string
	// Folders are made beside INBOX, Sent, Drafts, Trash, Junk and Archive.
	// Plain ASCII names; "/" separates levels.
	Folders []string
	// Config is added to the configuration file as it is.
	Config string
}

// Dovecot is a private IMAP server, with one user and a Maildir, in a folder of
// its own on ports of its own. It works as root and as an ordinary user.
type Dovecot struct {
	Addr     string // host:port, clear text and STARTTLS
	TLSAddr  string // host:port, implicit TLS
	User     string
	Password string
	Roots    *x509.CertPool // trusts the server
	CAFile   string         // the same, as a PEM file

	t    testing.TB
	opts Options
	dir  string
	cmd  *exec.Cmd
	done chan error // the master's end
	seq  int
}

// StartDovecot starts a Dovecot and stops it when t ends. Without the program,
// t fails with the name of the package.
func StartDovecot(t testing.TB, opts Options) *Dovecot {
	t.Helper()
	if opts.User == "" {
		opts.User = "jana@example.test"
	}
	if opts.Password == "" {
		opts.Password = "secret"
	}
	// Not t.TempDir: it is closed to other users, who read the mail where the
	// test runs as root, and too long for the names of sockets.
	dir, err := os.MkdirTemp("", "dovecot")
	if err != nil {
		t.Fatal(err)
	}
	d := &Dovecot{User: opts.User, Password: opts.Password, t: t, opts: opts, dir: dir, CAFile: filepath.Join(dir, "ca.pem")}
	t.Cleanup(func() {
		d.Stop()
		if t.Failed() {
			t.Logf("dovecot: %s", d.logTail())
		}
		removeAll(t, dir)
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if d.Roots, err = writeCertificates(dir); err != nil {
		t.Fatal(err)
	}
	d.mkdir("home")
	d.mkdir("home/Maildir")
	for _, f := range append([]string{""}, append(standardFolders(), opts.Folders...)...) {
		d.makeFolder(f)
	}
	// The ports are free when they are chosen; another program may still take
	// one before Dovecot does.
	for try := 1; ; try++ {
		err := d.start(freePorts(t, 2))
		if err == nil {
			return d
		}
		if try == 5 {
			t.Fatalf("start dovecot: %v\n%s", err, d.logTail())
		}
	}
}

// removeAll removes dir; a process of the server may be about to end still.
func removeAll(t testing.TB, dir string) {
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := os.RemoveAll(dir)
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Errorf("remove the server's folder: %v", err)
			return
		case <-tick.C:
		}
	}
}

func standardFolders() []string { return []string{"Sent", "Drafts", "Trash", "Junk", "Archive"} }

func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// start writes the configuration, runs the program and waits until it greets.
func (d *Dovecot) start(ports []int) error {
	d.Addr = fmt.Sprintf("127.0.0.1:%d", ports[0])
	d.TLSAddr = fmt.Sprintf("127.0.0.1:%d", ports[1])
	if err := os.WriteFile(filepath.Join(d.dir, "dovecot.conf"), []byte(d.config(ports)), 0o644); err != nil {
		return err
	}
	users := fmt.Sprintf("%s:{PLAIN}%s\n", d.User, d.Password)
	if err := os.WriteFile(filepath.Join(d.dir, "users"), []byte(users), 0o644); err != nil {
		return err
	}
	return d.run()
}

func (d *Dovecot) run() error {
	program, err := exec.LookPath("dovecot")
	if err != nil {
		program = "/usr/sbin/dovecot"
		if _, err := os.Stat(program); err != nil {
			d.t.Fatal("these tests need the program dovecot: install the Debian package dovecot-imapd")
		}
	}
	d.cmd = exec.Command(program, "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
	ownGroup(d.cmd)
	var out bytes.Buffer
	d.cmd.Stdout, d.cmd.Stderr = &out, &out
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.done = make(chan error, 1)
	go func(c *exec.Cmd, done chan error) { done <- c.Wait() }(d.cmd, d.done)

	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-d.done:
			d.done <- err
			return fmt.Errorf("dovecot ended: %w: %s", errors.Join(err), out.String())
		case <-deadline:
			d.Stop()
			return errors.New("dovecot does not greet")
		case <-tick.C:
			if greets(d.Addr) {
				return nil
			}
		}
	}
}

// greets reports whether an IMAP server greets at addr.
func greets(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 4)
	n, err := c.Read(b)
	return err == nil && strings.HasPrefix(string(b[:n]), "* OK")
}

// Stop ends the server; Start starts it again, with the same mail at the same
// addresses.
func (d *Dovecot) Stop() {
	if d.cmd == nil {
		return
	}
	kill(d.cmd) // at once: a gentle end takes Dovecot a second
	<-d.done
	d.cmd = nil
}

// Start starts a stopped server.
func (d *Dovecot) Start() {
	d.t.Helper()
	if d.cmd != nil {
		return
	}
	if err := d.run(); err != nil {
		d.t.Fatalf("start dovecot again: %v\n%s", err, d.logTail())
	}
}

// Restart stops and starts the server; every connection is cut.
func (d *Dovecot) Restart() {
	d.t.Helper()
	d.Stop()
	d.Start()
}

func (d *Dovecot) logTail() string {
	b, _ := os.ReadFile(filepath.Join(d.dir, "log"))
	if len(b) > 4000 {
		b = b[len(b)-4000:]
	}
	return string(b)
}
