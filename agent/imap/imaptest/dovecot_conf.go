package imaptest

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mailID is the user and group that own the mail: Dovecot does not deliver as
// root.
func mailID() (uid, gid int) {
	if os.Getuid() == 0 {
		return 65534, 65534
	}
	return os.Getuid(), os.Getgid()
}

// capabilities are those of Dovecot 2.3 that matter here.
func capabilities() []string {
	return strings.Fields("IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC ESEARCH SEARCHRES LIST-STATUS SPECIAL-USE UNSELECT MOVE LITERAL+")
}

// config is the configuration of Dovecot 2.3. Everything it would do as
// another user or in a changed root is turned off, so that it runs as anybody.
func (d *Dovecot) config(ports []int) string {
	uid, gid := mailID()
	var b strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	p("base_dir = %s/run", d.dir)
	p("state_dir = %s/state", d.dir)
	p("log_path = %s/log", d.dir)
	p("protocols = imap")
	p("listen = 127.0.0.1")
	p("default_login_user = %s", loginUser())
	p("default_internal_user = %s", internalUser())
	p("default_internal_group = %s", internalGroup())
	p("first_valid_uid = 1")
	p("first_valid_gid = 1")
	p("mail_location = maildir:~/Maildir:LAYOUT=fs")
	p("mail_fsync = never")
	p("auth_mechanisms = plain login")
	p("auth_failure_delay = 0")
	p("mail_max_userip_connections = 200")
	p("ssl = yes")
	p("ssl_cert = <%s/cert.pem", d.dir)
	p("ssl_key = <%s/key.pem", d.dir)
	p("passdb {\n  driver = passwd-file\n  args = scheme=PLAIN username_format=%%u %s/users\n}", d.dir)
	p("userdb {\n  driver = static\n  args = uid=%d gid=%d home=%s/home\n}", uid, gid, d.dir)
	p("namespace inbox {\n  inbox = yes\n  separator = /")
	for name, use := range map[string]string{"Sent": `\Sent`, "Drafts": `\Drafts`, "Trash": `\Trash`, "Junk": `\Junk`, "Archive": `\Archive`} {
		if !slices.Contains(d.opts.Without, "SPECIAL-USE") {
			p("  mailbox %s {\n    special_use = %s\n    auto = create\n  }", name, use)
		}
	}
	p("}")
	p("service imap-login {\n  chroot =\n  inet_listener imap {\n    address = 127.0.0.1\n    port = %d\n  }\n  inet_listener imaps {\n    address = 127.0.0.1\n    port = %d\n    ssl = yes\n  }\n}", ports[0], ports[1])
	for _, s := range []string{"anvil", "dict", "stats", "ipc", "director", "old-stats", "tcpwrap"} {
		p("service %s {\n  chroot =\n}", s)
	}
	p("service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}")
	if len(d.opts.Without) > 0 {
		var left []string
		for _, c := range capabilities() {
			if !slices.Contains(d.opts.Without, c) {
				left = append(left, c)
			}
		}
		p("protocol imap {\n  imap_capability = %s\n}", strings.Join(left, " "))
	}
	p("%s", d.opts.Config)
	return b.String()
}

// loginUser and the others are Dovecot's own users where root may choose them,
// and whoever runs the test otherwise.
func loginUser() string {
	if os.Getuid() == 0 {
		return "dovenull"
	}
	return me()
}

func internalUser() string {
	if os.Getuid() == 0 {
		return "dovecot"
	}
	return me()
}

func internalGroup() string {
	if os.Getuid() == 0 {
		return "dovecot"
	}
	if g, err := user.LookupGroupId(strconv.Itoa(os.Getgid())); err == nil {
		return g.Name
	}
	return strconv.Itoa(os.Getgid())
}

func me() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

// mkdir makes a folder below the server's that belongs to the mail's owner.
func (d *Dovecot) mkdir(rel string) {
	d.t.Helper()
	dir := filepath.Join(d.dir, rel)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	d.own(dir)
}

func (d *Dovecot) own(path string) {
	d.t.Helper()
	if os.Getuid() != 0 {
		return
	}
	uid, gid := mailID()
	if err := os.Chown(path, uid, gid); err != nil {
		d.t.Fatal(err)
	}
}
