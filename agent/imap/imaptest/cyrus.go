package imaptest

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cyrusDir is where scripts/setup.sh unpacks Debian's Cyrus IMAP. It can't be
// installed beside Dovecot: the packages conflict.
const cyrusDir = "/var/cache/postrider/cyrus"

// Cyrus is a private Cyrus IMAP server with any number of users, in a folder of its own on
// ports of its own. It works as root and as an ordinary user.
type Cyrus struct {
	Addr     string         // host:port, clear text and STARTTLS
	TLSAddr  string         // host:port, implicit TLS
	Password string         // of every user
	Roots    *x509.CertPool // trusts the server

	t     testing.TB
	users int
	dir   string
	conf  string // added to imapd.conf
	cmd   *exec.Cmd
	done  chan error
}

// StartCyrus starts a Cyrus IMAP server and stops it when t ends; config is
// added to its imapd.conf. Without the program, t fails and says how to get it.
func StartCyrus(t testing.TB, config string) *Cyrus {
	t.Helper()
	if _, err := os.Stat(filepath.Join(cyrusDir, "usr/lib/cyrus/bin/imapd")); err != nil {
		t.Fatalf("these tests need Cyrus IMAP in %s: run scripts/setup.sh", cyrusDir)
	}
	dir, err := os.MkdirTemp("", "cyrus") // not t.TempDir, for the reasons that StartDovecot gives
	if err != nil {
		t.Fatal(err)
	}
	c := &Cyrus{Password: "secret", t: t, dir: dir, conf: config}
	t.Cleanup(func() {
		c.Stop()
		removeAll(t, dir)
	})
	if c.Roots, err = writeCertificates(dir); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"spool", "sock", "conf/db", "conf/proc", "conf/lock", "conf/msg", "conf/log", "conf/user", "conf/quota", "conf/sieve", "conf/socket", "conf/ptclient"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(serveSaslauthd(t, filepath.Join(dir, "auth"), c.Password))
	if err := filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
		if uid, gid := mailID(); err == nil && os.Getuid() == 0 {
			err = os.Chown(path, uid, gid)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for try := 1; ; try++ {
		err := c.start(freePorts(t, 2))
		if err == nil {
			return c
		}
		if try == 5 {
			t.Fatalf("start cyrus: %v", err)
		}
	}
}

func (c *Cyrus) start(ports []int) error {
	c.Addr = fmt.Sprintf("127.0.0.1:%d", ports[0])
	c.TLSAddr = fmt.Sprintf("127.0.0.1:%d", ports[1])
	if err := os.WriteFile(filepath.Join(c.dir, "imapd.conf"), []byte(c.imapd()), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.dir, "cyrus.conf"), []byte(c.master()), 0o644); err != nil {
		return err
	}
	return c.run()
}

// imapd is the configuration of the services. The folders of the user are made
// when he signs in for the first time.
func (c *Cyrus) imapd() string {
	user, group := me(), internalGroup()
	if os.Getuid() == 0 {
		user, group = "nobody", "nogroup"
	}
	var b strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	p("configdirectory: %s/conf", c.dir)
	p("defaultpartition: default")
	p("partition-default: %s/spool", c.dir)
	p("sievedir: %s/conf/sieve", c.dir)
	p("idlesocket: %s/sock/idle", c.dir)
	p("cyrus_user: %s", user)
	p("cyrus_group: %s", group)
	p("allowplaintext: yes")
	p("sasl_pwcheck_method: saslauthd")
	p("sasl_saslauthd_path: %s/auth", c.dir)
	p("sasl_mech_list: PLAIN")
	p("tls_server_cert: %s/cert.pem", c.dir)
	p("tls_server_key: %s/key.pem", c.dir)
	p("skiplist_unsafe: 1") // no fsync
	p("failedloginpause: 0")
	p("autocreate_quota: 0")
	folders := standardFolders()
	p("autocreate_inbox_folders: %s", strings.Join(folders, "|"))
	for _, f := range folders {
		p("xlist-%s: %s", strings.ToLower(f), f)
	}
	if !strings.Contains(c.conf, "altnamespace") {
		p("altnamespace: yes")
		p("unixhierarchysep: yes")
	}
	p("%s", c.conf)
	return b.String()
}

func (c *Cyrus) master() string {
	program := func(name string) string {
		return filepath.Join(cyrusDir, "usr/lib/cyrus/bin", name) + " -C " + filepath.Join(c.dir, "imapd.conf")
	}
	return fmt.Sprintf("START {\n  recover cmd=%q\n  idled cmd=%q\n}\nSERVICES {\n  imap cmd=%q listen=%q prefork=0 maxchild=100\n  imaps cmd=%q listen=%q prefork=0 maxchild=100\n}\nEVENTS {\n}\n",
		program("ctl_cyrusdb")+" -r", program("idled"), program("imapd"), c.Addr, program("imapd")+" -s", c.TLSAddr)
}

func (c *Cyrus) run() error {
	c.cmd = exec.Command(filepath.Join(cyrusDir, "usr/lib/cyrus/bin/master"), "-C", filepath.Join(c.dir, "imapd.conf"),
		"-M", filepath.Join(c.dir, "cyrus.conf"), "-p", filepath.Join(c.dir, "master.pid"))
	libs, err := filepath.Glob(filepath.Join(cyrusDir, "usr/lib/*/libcyrus.so.0"))
	if err != nil || len(libs) == 0 {
		return errors.New("its libraries are not there: run scripts/setup.sh")
	}
	c.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Dir(libs[0]))
	c.cmd.Dir = c.dir
	ownGroup(c.cmd)
	var out bytes.Buffer
	c.cmd.Stdout, c.cmd.Stderr = &out, &out
	if err := c.cmd.Start(); err != nil {
		return err
	}
	c.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(c.cmd, c.done)
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-c.done:
			c.done <- err
			return fmt.Errorf("it ended: %w: %s", errors.Join(err), out.String())
		case <-deadline:
			c.Stop()
			return errors.New("it does not greet")
		case <-tick.C:
			if greets(c.Addr) {
				return nil
			}
		}
	}
}

// Stop ends the server.
func (c *Cyrus) Stop() {
	if c.cmd == nil {
		return
	}
	kill(c.cmd)
	<-c.done
	c.cmd = nil
}

// Restart stops and starts the server; every connection is cut.
func (c *Cyrus) Restart() {
	c.t.Helper()
	c.Stop()
	if err := c.run(); err != nil {
		c.t.Fatalf("start cyrus again: %v", err)
	}
}

// Fixture is the mailbox of another user each time, with TLS.
func (c *Cyrus) Fixture() Fixture {
	c.users++
	return Fixture{
		Addr: c.TLSAddr, TLS: true, User: fmt.Sprintf("jana%d", c.users), Password: c.Password, Roots: c.Roots,
		ModSeq: true, ObjectID: true, UIDPlus: true, PlainNames: true, Restart: c.Restart,
	}
}
