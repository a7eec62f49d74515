package maild

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user, password = "ann@alder.example", "secret"
	deadline       = 10 * time.Second
)

var day = time.Date(2026, 10, 1, 9, 30, 0, 0, time.FixedZone("", 3600))

func text(n int) []byte {
	return fmt.Appendf(nil, "From: a@b.example\r\nSubject: =?utf-8?Q?Nummer_%d_=C3=A5?=\r\nMessage-ID: <%d@b.example>\r\nX-Long: one\r\n two\r\n\r\nBody %d\r\n", n, n, n)
}

// start serves a server with n messages in its INBOX.
func start(t *testing.T, n int) (*Server, string) {
	t.Helper()
	s := New(user, password, 1000, nil)
	for i := range n {
		if err := s.Append("INBOX", text(i+1), day.AddDate(0, 0, i)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(l)
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return s, l.Addr().String()
}

func dial(t *testing.T, addr string, o *imapclient.Options) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(user, password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func selectBox(t *testing.T, c *imapclient.Client, name string, o *imap.SelectOptions) *imap.SelectData {
	t.Helper()
	data, err := c.Select(name, o).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOnlyTheUserSignsIn(t *testing.T) {
	_, addr := start(t, 0)
	for _, who := range [][2]string{{user, "wrong"}, {"somebody", password}, {"", ""}} {
		c, err := imapclient.DialInsecure(addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Login(who[0], who[1]).Wait(); err == nil {
			t.Errorf("%q signed in", who)
		}
		c.Close()
	}
	dial(t, addr, nil)
}

func TestFoldersSayWhatTheyAreForAndHowManyMessagesTheyHold(t *testing.T) {
	s, addr := start(t, 3)
	for name, use := range map[string]imap.MailboxAttr{"Sent": imap.MailboxAttrSent, "Projects": "", "Projects/Åre": ""} {
		if err := s.Create(name, use); err != nil {
			t.Fatal(err)
		}
	}
	c := dial(t, addr, nil)
	list, err := c.List("", "*", &imap.ListOptions{ReturnStatus: &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}, ReturnSpecialUse: true}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*imap.ListData{}
	for _, f := range list {
		got[f.Mailbox] = f
	}
	if len(got) != 4 || got["Projects/Åre"] == nil {
		t.Fatalf("folders: %v", got)
	}
	if !slices.Contains(got["Sent"].Attrs, imap.MailboxAttrSent) || !slices.Contains(got["Projects"].Attrs, imap.MailboxAttrHasChildren) {
		t.Errorf("attributes: %v, %v", got["Sent"].Attrs, got["Projects"].Attrs)
	}
	if st := got["INBOX"].Status; st == nil || *st.NumMessages != 3 || st.UIDNext != 4 || st.UIDValidity != 1000 {
		t.Errorf("status: %+v", st)
	}
	if got["Sent"].Status.UIDValidity == got["Projects"].Status.UIDValidity {
		t.Error("two folders have one UIDVALIDITY")
	}
}

func TestMessagesComeBackByteForByte(t *testing.T) {
	s, addr := start(t, 2)
	broken := []byte("this is no header\nSubject: but\x80bytes\r\n\r\nare bytes\x00\xff")
	if err := s.Append("INBOX", broken, day); err != nil {
		t.Fatal(err)
	}
	c := dial(t, addr, nil)
	selectBox(t, c, "INBOX", nil)
	whole := &imap.FetchItemBodySection{Peek: true}
	fields := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"subject", "X-LONG"}, Peek: true}
	body := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true}
	some := &imap.FetchItemBodySection{Partial: &imap.SectionPartial{Offset: 6, Size: 11}, Peek: true}
	got, err := c.Fetch(imap.UIDSetNum(2, 3), &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true,
		BodySection: []*imap.FetchItemBodySection{whole, fields, body, some}}).Collect()
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	if !bytes.Equal(got[1].FindBodySection(whole), broken) || !bytes.Equal(got[0].FindBodySection(whole), text(2)) {
		t.Error("a message came back changed")
	}
	if want := "Subject: =?utf-8?Q?Nummer_2_=C3=A5?=\r\nX-Long: one\r\n two\r\n\r\n"; string(got[0].FindBodySection(fields)) != want {
		t.Errorf("fields: %q", got[0].FindBodySection(fields))
	}
	if string(got[0].FindBodySection(body)) != "Body 2\r\n" || string(got[0].FindBodySection(some)) != "a@b.example" {
		t.Errorf("parts: %q, %q", got[0].FindBodySection(body), got[0].FindBodySection(some))
	}
	if !got[0].InternalDate.Equal(day.AddDate(0, 0, 1)) || got[0].RFC822Size != int64(len(text(2))) || len(got[0].Flags) != 0 {
		t.Errorf("%+v", got[0])
	}
}

func TestSearchFindsByUIDDateFlagAndText(t *testing.T) {
	_, addr := start(t, 20)
	c := dial(t, addr, nil)
	selectBox(t, c, "INBOX", nil)
	if err := c.Store(imap.UIDSetNum(5), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged}, Silent: true}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		c    imap.SearchCriteria
		want string
	}{
		"uid":     {imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 18, Stop: 0}}}}, "18:20"},
		"beyond":  {imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 99, Stop: 0}}}}, "20"},
		"since":   {imap.SearchCriteria{Since: day.AddDate(0, 0, 17)}, "18:20"},
		"before":  {imap.SearchCriteria{Before: day.AddDate(0, 0, 2)}, "1:2"},
		"flag":    {imap.SearchCriteria{Flag: []imap.Flag{imap.FlagFlagged}}, "5"},
		"header":  {imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: "<7@b.example>"}}}, "7"},
		"subject": {imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "nummer 12 å"}}}, "12"},
		"body":    {imap.SearchCriteria{Body: []string{"body 9"}}, "9"},
		"not":     {imap.SearchCriteria{Not: []imap.SearchCriteria{{UID: []imap.UIDSet{{{Start: 1, Stop: 19}}}}}}, "20"},
		"or":      {imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{{Body: []string{"body 9"}}, {Body: []string{"body 8"}}}}}, "8:9"},
	} {
		data, err := c.UIDSearch(&test.c, &imap.SearchOptions{ReturnAll: true, ReturnCount: true}).Wait()
		if err != nil {
			t.Fatal(name, err)
		}
		if data.All.String() != test.want {
			t.Errorf("%s: %v, not %s", name, data.All, test.want)
		}
	}
}

func TestFlagsKeepTheirSpellingAndOtherSessionsHearOfThem(t *testing.T) {
	s, addr := start(t, 2)
	heard := make(chan *imapclient.FetchMessageBuffer, 4)
	watcher := dial(t, addr, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Fetch: func(m *imapclient.FetchMessageData) {
			if b, err := m.Collect(); err == nil {
				heard <- b
			}
		},
	}})
	selectBox(t, watcher, "INBOX", nil)
	idle, err := watcher.Idle()
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, addr, nil)
	selectBox(t, c, "INBOX", nil)
	got, err := c.Store(imap.UIDSetNum(2), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen, "$Wichtig"}}, nil).Collect()
	if err != nil || len(got) != 1 || !slices.Equal(got[0].Flags, []imap.Flag{"$Wichtig", imap.FlagSeen}) {
		t.Fatalf("%v, %v", got, err)
	}
	select {
	case m := <-heard:
		if m.UID != 2 || len(m.Flags) != 2 {
			t.Errorf("heard of %+v", m)
		}
	case <-time.After(deadline):
		t.Fatal("the other session did not hear of it")
	}
	if err := idle.Close(); err != nil {
		t.Fatal(err)
	}
	if err := idle.Wait(); err != nil {
		t.Fatal(err)
	}
	if f := s.Messages("INBOX")[1].Flags; !slices.Equal(f, []imap.Flag{"$Wichtig", imap.FlagSeen}) {
		t.Errorf("stored: %v", f)
	}
}

func TestIdleHearsOfEachArrivalAlsoOfOnesBeforeItBegan(t *testing.T) {
	s, addr := start(t, 1)
	counts := make(chan uint32, 64)
	c := dial(t, addr, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(m *imapclient.UnilateralDataMailbox) {
			if m.NumMessages != nil {
				counts <- *m.NumMessages
			}
		},
	}})
	selectBox(t, c, "INBOX", nil)
	wait := func(n uint32) {
		t.Helper()
		for {
			select {
			case got := <-counts:
				if got == n {
					return
				}
			case <-time.After(deadline):
				t.Fatalf("never heard of message %d", n)
			}
		}
	}
	for round := range uint32(20) {
		s.Append("INBOX", text(9), day) // between two commands
		idle, err := c.Idle()
		if err != nil {
			t.Fatal(err)
		}
		wait(2*round + 2)
		s.Append("INBOX", text(9), day)
		wait(2*round + 3)
		if err := idle.Close(); err != nil {
			t.Fatal(err)
		}
		if err := idle.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMovedAndDeletedMessagesVanishForAll(t *testing.T) {
	s, addr := start(t, 10)
	if err := s.Create("Archive", imap.MailboxAttrArchive); err != nil {
		t.Fatal(err)
	}
	other := dial(t, addr, nil)
	selectBox(t, other, "INBOX", nil)
	c := dial(t, addr, nil)
	selectBox(t, c, "INBOX", nil)
	moved, err := c.Move(imap.UIDSetNum(3, 4), "Archive").Wait()
	if err != nil {
		t.Fatal(err)
	}
	if moved.SourceUIDs.String() != "3:4" || moved.DestUIDs.String() != "1:2" || moved.UIDValidity != 1001 {
		t.Errorf("%+v", moved)
	}
	if err := c.Store(imap.UIDSetNum(1, 2, 9), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.UIDExpunge(imap.UIDSetNum(1, 2)).Close(); err != nil { // R: not 9
		t.Fatal(err)
	}
	for _, session := range []*imapclient.Client{c, other} {
		if err := session.Noop().Wait(); err != nil {
			t.Fatal(err)
		}
		got, err := session.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{UID: true}).Collect()
		if err != nil {
			t.Fatal(err)
		}
		var uids []string
		for _, m := range got {
			uids = append(uids, fmt.Sprint(m.SeqNum, ":", m.UID))
		}
		if all := strings.Join(uids, " "); all != "1:5 2:6 3:7 4:8 5:9 6:10" {
			t.Errorf("left: %s", all)
		}
	}
}

func TestAFolderOpenForReadingOnlyStaysAsItIs(t *testing.T) {
	s, addr := start(t, 2)
	c := dial(t, addr, nil)
	selectBox(t, c, "INBOX", &imap.SelectOptions{ReadOnly: true})
	if err := c.Store(imap.UIDSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err == nil {
		t.Error("a flag could be set")
	}
	if _, err := c.Fetch(imap.UIDSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}).Collect(); err != nil {
		t.Fatal(err)
	}
	if err := c.UnselectAndExpunge().Wait(); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Messages("INBOX") {
		if len(m.Flags) > 0 {
			t.Errorf("message %d is marked %v", m.UID, m.Flags)
		}
	}
}

func TestFoldersAreMadeRenamedAndDeleted(t *testing.T) {
	s, addr := start(t, 1)
	c := dial(t, addr, nil)
	for _, err := range []error{
		c.Create("A/B", &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttrDrafts}}).Wait(),
		c.Create("A", nil).Wait(), c.Rename("A", "C", nil).Wait(), c.Subscribe("C").Wait(), c.Unsubscribe("C").Wait(),
		c.Delete("C").Wait(), c.Rename("INBOX", "Old", nil).Wait(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Folders(); !slices.Equal(got, []string{"C/B", "INBOX", "Old"}) {
		t.Errorf("folders: %v", got)
	}
	if len(s.Messages("INBOX")) != 0 || len(s.Messages("Old")) != 1 {
		t.Error("renaming the INBOX did not move its messages")
	}
	for name, err := range map[string]error{
		"made twice": c.Create("Old", nil).Wait(), "deleted the INBOX": c.Delete("inbox").Wait(),
		"selected nothing": func() error { _, err := c.Select("C", nil).Wait(); return err }(),
	} {
		if err == nil {
			t.Error(name)
		}
	}
	first := selectBox(t, c, "Old", nil).UIDValidity
	if err := c.Unselect().Wait(); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete("Old").Wait(); err != nil {
		t.Fatal(err)
	}
	if err := c.Create("Old", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if again := selectBox(t, c, "Old", nil).UIDValidity; again == first {
		t.Error("a folder made anew has its old UIDVALIDITY")
	}
}

func TestManySessionsReadWhileMailArrivesAndOneReadsNothing(t *testing.T) {
	s, addr := start(t, 2000)
	big := append(text(1), bytes.Repeat([]byte("x"), 4<<20)...)
	if err := s.Append("INBOX", big, day); err != nil {
		t.Fatal(err)
	}
	// A client that asks for much and does not read: it must not hold up others.
	stuck, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	fmt.Fprintf(stuck, "a LOGIN %s %s\r\nb SELECT INBOX\r\nc FETCH 1:* BODY.PEEK[]\r\n", user, password)
	if _, err := io.ReadFull(stuck, make([]byte, 2000)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		c := dial(t, addr, nil)
		all.Go(func() {
			if _, err := c.Select("INBOX", nil).Wait(); err != nil {
				t.Error(err)
				return
			}
			got, err := c.Fetch(imap.UIDSet{{Start: 1, Stop: 2000}}, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Specifier: imap.PartSpecifierHeader, Peek: true}}}).Collect()
			if err != nil || len(got) != 2000 {
				t.Errorf("%d messages, %v", len(got), err)
			}
		})
	}
	for i := range 200 {
		if err := s.Append("INBOX", text(i), day); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
}

func TestAppendGivesTheUIDBack(t *testing.T) {
	s, addr := start(t, 1)
	c := dial(t, addr, nil)
	raw := text(5)
	app := c.Append("INBOX", int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: day})
	app.Write(raw)
	app.Close()
	data, err := app.Wait()
	if err != nil || data.UID != 2 || data.UIDValidity != 1000 {
		t.Fatalf("%+v, %v", data, err)
	}
	if m := s.Messages("INBOX")[1]; !m.Date.Equal(day) || !bytes.Equal(m.Raw, raw) || !slices.Equal(m.Flags, []imap.Flag{imap.FlagSeen}) {
		t.Errorf("%+v", m)
	}
	if app := c.Append("Nowhere", 1, nil); app.Close() == nil {
		if _, err := app.Wait(); err == nil {
			t.Error("appended to no folder")
		}
	}
}
