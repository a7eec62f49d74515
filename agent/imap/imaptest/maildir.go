package imaptest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Mail is a message to be put into a mailbox.
type Mail struct {
	Raw   []byte
	At    time.Time // INTERNALDATE; zero: now
	Flags string    // Maildir's letters, in order: D draft, F flagged, R replied, S seen, T trashed
}

// folder is the path of a folder in the Maildir; "" and INBOX are its root.
func (d *Dovecot) folder(name string) string {
	if name == "" || strings.EqualFold(name, "INBOX") {
		return "home/Maildir"
	}
	return filepath.Join("home/Maildir", filepath.FromSlash(name))
}

func (d *Dovecot) makeFolder(name string) {
	d.t.Helper()
	parts := strings.Split(name, "/")
	for i := range parts {
		d.mkdir(d.folder(strings.Join(parts[:i+1], "/")))
	}
	for _, sub := range []string{"cur", "new", "tmp"} {
		d.mkdir(filepath.Join(d.folder(name), sub))
	}
}

// Add puts messages into a folder at once, as files; their UIDs are in the
// order given. It is far faster than APPEND.
func (d *Dovecot) Add(folder string, mails ...Mail) {
	d.t.Helper()
	dir := filepath.Join(d.dir, d.folder(folder))
	for _, m := range mails {
		if m.At.IsZero() {
			m.At = time.Now()
		}
		d.seq++
		// Dovecot gives UIDs in the order of names.
		name := fmt.Sprintf("%010d.M%09dP1.test,S=%d", 1_700_000_000+d.seq, d.seq, len(m.Raw))
		tmp := filepath.Join(dir, "tmp", name)
		if err := os.WriteFile(tmp, m.Raw, 0o644); err != nil {
			d.t.Fatal(err)
		}
		d.own(tmp)
		if err := os.Chtimes(tmp, m.At, m.At); err != nil {
			d.t.Fatal(err)
		}
		if err := os.Rename(tmp, filepath.Join(dir, "cur", name+":2,"+m.Flags)); err != nil {
			d.t.Fatal(err)
		}
	}
}

// NewUIDValidity makes the server number the messages of a folder anew, under
// another UIDVALIDITY, as after a restored backup. It restarts the server.
func (d *Dovecot) NewUIDValidity(folder string) {
	d.t.Helper()
	d.Stop()
	dir := filepath.Join(d.dir, d.folder(folder))
	entries, err := os.ReadDir(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		if n := e.Name(); n == "dovecot-uidlist" || strings.HasPrefix(n, "dovecot.index") || strings.HasPrefix(n, "dovecot.list") {
			if err := os.Remove(filepath.Join(dir, n)); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	d.Start()
}

// Count is the number of messages in a folder, from the files.
func (d *Dovecot) Count(folder string) int {
	d.t.Helper()
	n := 0
	for _, sub := range []string{"cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(d.dir, d.folder(folder), sub))
		if err != nil {
			d.t.Fatal(err)
		}
		n += len(entries)
	}
	return n
}
