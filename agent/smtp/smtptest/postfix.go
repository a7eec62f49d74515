package smtptest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"postrider/agent/imap/imaptest"
	"postrider/agent/mailserver"
	"postrider/agent/smtp"
)

// Options say how a private Postfix differs from the default one.
type Options struct {
	// Refuse answers RCPT for these addresses: "no@example.test": "550 5.1.1 no such user".
	Refuse map[string]string
	// Config is added to main.cf as it is.
	Config string
}

// Domain is where the private Postfix delivers; mail to anywhere else ends in an
// error, so that none ever leaves a test.
const Domain = "example.test"

// Postfix is a private mail server for submission with a Dovecot beside it, which
// knows the one user and shows their mail. It starts as root only.
type Postfix struct {
	Addr    string            // host:port, STARTTLS
	TLSAddr string            // host:port, implicit TLS
	Dovecot *imaptest.Dovecot // user, password, certificates; mail to the user arrives in INBOX

	t    testing.TB
	dir  string
	home string // of the mail
	cmd  *exec.Cmd
	done chan error
}

// StartPostfix starts a Postfix and stops it when t ends. Without the program, t
// fails with the name of the package.
func StartPostfix(t testing.TB, opts Options) *Postfix {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("Postfix starts as root only: run this test as root")
	}
	if _, err := os.Stat(master); err != nil {
		t.Fatal("these tests need Postfix: install the Debian package postfix")
	}
	// Not t.TempDir: it is closed to the users that Postfix runs as, and too long
	// for the names of sockets.
	dir, err := os.MkdirTemp("", "postfix")
	if err != nil {
		t.Fatal(err)
	}
	p := &Postfix{t: t, dir: dir}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("postfix: %s", p.log())
		}
		p.remove()
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p.Dovecot = imaptest.StartDovecot(t, imaptest.Options{Config: fmt.Sprintf("service auth {\n  unix_listener %s/auth {\n    mode = 0666\n  }\n}", dir)})
	p.home = filepath.Join(filepath.Dir(p.Dovecot.CAFile), "home")
	for try := 1; ; try++ { // the ports are free when they are chosen
		err := p.start(opts)
		if err == nil {
			return p
		}
		if try == 5 {
			t.Fatalf("start postfix: %v\n%s", err, p.log())
		}
	}
}

const master = "/usr/lib/postfix/sbin/master"

// start writes the configuration, runs the program and waits until it greets.
func (p *Postfix) start(opts Options) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	p.Addr, p.TLSAddr = fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	if err := p.write(opts); err != nil {
		return err
	}
	p.cmd = exec.Command(master, "-c", p.dir, "-d")
	p.cmd.Env = append(os.Environ(), "MAIL_CONFIG="+p.dir)
	ownGroup(p.cmd)
	var out bytes.Buffer
	p.cmd.Stdout, p.cmd.Stderr = &out, &out
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.done = make(chan error, 1)
	go func(c *exec.Cmd, done chan error) { done <- c.Wait() }(p.cmd, p.done)
	err = p.until(20*time.Second, func() bool { return greets(p.Addr) && greets(p.TLSAddr) })
	if err != nil {
		p.stop()
		return fmt.Errorf("%w: %s", err, out.String())
	}
	return nil
}

// until waits for something to become true.
func (p *Postfix) until(most time.Duration, true func() bool) error {
	deadline := time.After(most)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("postfix ended: %w", errors.Join(err))
		case <-deadline:
			return fmt.Errorf("nothing within %v", most)
		case <-tick.C:
			if true() {
				return nil
			}
		}
	}
}

func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// greets reports whether somebody listens at addr.
func greets(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// remove removes the server's folder; its processes end when they notice that
// the master did.
func (p *Postfix) remove() {
	var err error
	p.done = nil
	if p.until(5*time.Second, func() bool {
		err = os.RemoveAll(p.dir)
		return err == nil
	}) != nil {
		p.t.Errorf("remove the server's folder: %v", err)
	}
}

func (p *Postfix) stop() {
	if p.cmd == nil {
		return
	}
	kill(p.cmd)
	<-p.done
	p.cmd = nil
}

func (p *Postfix) log() string {
	b, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	if len(b) > 4000 {
		b = b[len(b)-4000:]
	}
	return string(b)
}

// write makes the queue's folders and the configuration.
func (p *Postfix) write(opts Options) error {
	u, err := user.Lookup("postfix")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	for _, d := range strings.Fields("queue queue/pid data queue/active queue/bounce queue/corrupt queue/defer queue/deferred queue/flush queue/hold queue/incoming queue/maildrop queue/private queue/public queue/saved queue/trace") {
		path := filepath.Join(p.dir, d)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if d == "queue" || d == "queue/pid" { // root's own
			continue
		}
		if err := errors.Join(os.Chown(path, uid, -1), os.Chmod(path, 0o700)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(p.dir, "main.cf"), []byte(p.mainCF(opts)), 0o644); err != nil {
		return err
	}
	services := fmt.Sprintf("%s inet n - n - - smtpd\n%s inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n", p.Addr, p.TLSAddr) + masterCF
	return os.WriteFile(filepath.Join(p.dir, "master.cf"), []byte(services), 0o644)
}

// mainCF is Postfix 3.7's configuration: submission for the one user.
func (p *Postfix) mainCF(opts Options) string {
	certs := filepath.Dir(p.Dovecot.CAFile)
	var b strings.Builder
	set := func(name, format string, a ...any) { fmt.Fprintf(&b, name+" = "+format+"\n", a...) }
	set("compatibility_level", "3.6")
	set("queue_directory", "%s/queue", p.dir)
	set("data_directory", "%s/data", p.dir)
	set("maillog_file", "%s/log", p.dir)
	set("maillog_file_prefixes", "%s", p.dir)
	set("myhostname", "mail."+Domain)
	set("inet_protocols", "ipv4")
	set("mynetworks", "192.0.2.1/32") // nobody
	for _, empty := range strings.Fields("mydestination alias_maps alias_database local_recipient_maps") {
		set(empty, "")
	}
	set("virtual_mailbox_domains", Domain)
	set("virtual_mailbox_base", "%s", p.home)
	set("virtual_mailbox_maps", "inline:{ {%s=Maildir/}, {@%s=box/} }", p.Dovecot.User, Domain)
	set("virtual_uid_maps", "static:65534") // the owner of Dovecot's mail, where root runs it
	set("virtual_gid_maps", "static:65534")
	set("virtual_mailbox_limit", "0")
	for _, t := range strings.Fields("default_transport relay_transport local_transport") {
		set(t, "error:no mail leaves this test")
	}
	set("smtpd_tls_cert_file", "%s/cert.pem", certs)
	set("smtpd_tls_key_file", "%s/key.pem", certs)
	set("smtpd_tls_security_level", "may")
	set("smtpd_tls_auth_only", "yes")
	set("smtpd_sasl_auth_enable", "yes")
	set("smtpd_sasl_type", "dovecot")
	set("smtpd_sasl_path", "%s/auth", p.dir)
	set("smtpd_sender_login_maps", "inline:{ {%s=%s} }", p.Dovecot.User, p.Dovecot.User)
	var refuse string
	for addr, answer := range opts.Refuse {
		refuse += fmt.Sprintf(" {%s=%s}", addr, answer)
	}
	if refuse != "" {
		refuse = "check_recipient_access inline:{" + refuse + " }, "
	}
	set("smtpd_relay_restrictions", "permit_sasl_authenticated, reject")
	set("smtpd_recipient_restrictions", "%sreject_sender_login_mismatch, permit_sasl_authenticated, reject", refuse)
	set("smtpd_error_sleep_time", "0")
	b.WriteString(opts.Config + "\n")
	return b.String()
}

const masterCF = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// Config is how its user hands mail in, with implicit TLS.
func (p *Postfix) Config() smtp.Config {
	return smtp.Config{
		Address: mailserver.Address{Addr: p.TLSAddr, User: p.Dovecot.User},
		Secret:  func(context.Context) (string, error) { return p.Dovecot.Password, nil },
		TLS:     &tls.Config{RootCAs: p.Dovecot.Roots, MinVersion: tls.VersionTLS12},
	}
}

// Delivered waits for n messages to people other than the user and returns them
// all, with the lines that Postfix put on: Return-Path, X-Original-To, Received.
func (p *Postfix) Delivered(n int) []string {
	p.t.Helper()
	return p.wait("box/new/*", n)
}

// Inbox waits for n messages to the user that no mail program has seen yet.
func (p *Postfix) Inbox(n int) []string {
	p.t.Helper()
	return p.wait("Maildir/new/*", n)
}

func (p *Postfix) wait(where string, n int) (all []string) {
	p.t.Helper()
	var files []string
	err := p.until(20*time.Second, func() bool {
		files, _ = filepath.Glob(filepath.Join(p.home, where))
		return len(files) >= n
	})
	if err != nil {
		p.t.Fatalf("%d of %d messages delivered: %v", len(files), n, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			p.t.Fatal(err)
		}
		all = append(all, string(b))
	}
	return all
}
