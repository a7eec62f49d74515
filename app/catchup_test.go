package app

import (
	"testing"
	"time"
)

// 3: while the program is off, mail comes, moves, goes, is read, and a folder is
// numbered anew. The next start does the right thing, and asks no more than
// the changes need.
//
// R-METHOD-07.
func TestWhatHappenedWhileTheProgramWasOffIsCaughtUpWith(t *testing.T) {
	r := newRig(t, "people", `folders = ["INBOX", "Sent", "Archive"]`)
	m := makeMailing(200)
	for folder, mails := range m.folders {
		r.dove.Add(folder, mails...)
	}
	r.seedTracked("<seed@mail.example>", "", offerID)
	first := r.sync()
	before := r.tracked()
	r.sync() // sees the marks that the first one set on what it tracked
	quiet := r.sync()
	if quiet.Requests.CRMWrites != 0 {
		t.Errorf("nothing happened, yet it wrote: %+v", quiet.Requests)
	}

	// In the order in which they were put in: 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, ...
	hand := r.dove.Fixture().Hand(t)
	uids := hand.UIDs("INBOX")
	hand.Flag("INBOX", `\Seen`, true, uids[2], uids[3], uids[8])
	hand.Move("INBOX", "Archive", uids[0], uids[5]) // a tracked one and a stranger's
	hand.Delete("INBOX", uids[1], uids[6])          // a tracked one and a stranger's
	hand.Close()
	r.dove.Add("INBOX", letter("<new@mail.example>", time.Now(), "From: "+contactAddr(2), "To: "+me, "Subject: new"))
	s := r.sync()
	if s.Seen != first.Seen { // one new, one stranger's gone; the tracked one that was deleted stays known
		t.Errorf("%d messages are known, were %d", s.Seen, first.Seen)
	}
	diff(t, r.tracked(), append(before, "<new@mail.example> out=false state=1/4 about=<nil> answers= files=0 1:"+contactAddr(2)+":"+contactIDs[2]+" 2:"+me+":ann | new"))
	// For each of the two folders that changed: select, search, fetch, flags,
	// and a body for the new one.
	if extra := s.Requests.IMAP - quiet.Requests.IMAP; extra > 20 {
		t.Errorf("%d more commands than with nothing to do", extra)
	}

	before = r.tracked()
	r.dove.NewUIDValidity("INBOX")
	s = r.sync()
	if s.Requests.CRMWrites != 0 || s.Seen != first.Seen {
		t.Errorf("numbered anew: %+v", s)
	}
	diff(t, r.tracked(), before)
	if s = r.sync(); s.Requests.IMAP != quiet.Requests.IMAP {
		t.Errorf("the sync after costs %d commands, one with nothing to do %d", s.Requests.IMAP, quiet.Requests.IMAP)
	}
}
