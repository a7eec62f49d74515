package story

import (
	"bytes"
	"image/png"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/mail"
)

var (
	now   = time.Date(2026, 11, 24, 10, 30, 0, 0, time.UTC) // a Tuesday
	token = regexp.MustCompile(`CRM:\d{7}`)
)

func tell(t *testing.T, n int) *Story {
	t.Helper()
	s, err := Tell(now, 1, n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// walk reads a message to its last byte and calls leaf with each part.
func walk(t *testing.T, m *Message, leaf func(e *message.Entity, kind string, body []byte)) {
	t.Helper()
	e, err := message.Read(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
	err = e.Walk(func(_ []int, e *message.Entity, err error) error {
		if err != nil {
			return err
		}
		kind, _, err := e.Header.ContentType()
		if err != nil || strings.HasPrefix(kind, "multipart/") {
			return err
		}
		body, err := io.ReadAll(e.Body)
		leaf(e, kind, body)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
}

func TestEveryMessageParsesWithItsHeaderAndItsTextIntact(t *testing.T) {
	for _, m := range tell(t, 0).Messages {
		e, err := message.Read(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		head := mail.Header{Header: e.Header}
		subject, err := head.Subject()
		if raw := !utf8.ValidString(e.Header.Get("Subject")); subject != m.Subject && !raw || err != nil {
			t.Errorf("%s: subject %q, not %q (%v)", m.Name, subject, m.Subject, err)
		}
		if date, err := head.Date(); err != nil || !date.Equal(m.Date) {
			t.Errorf("%s: date %v, not %v (%v)", m.Name, date, m.Date, err)
		}
		if id, err := head.MessageID(); err != nil || "<"+id+">" != m.ID {
			t.Errorf("%s: Message-ID %q, not %q (%v)", m.Name, id, m.ID, err)
		}
		for field, people := range map[string][]*Person{"From": {m.From}, "To": m.To, "Cc": m.Cc} {
			list, err := head.AddressList(field)
			if err != nil || len(list) != len(people) {
				t.Fatalf("%s: %s: %v, %v", m.Name, field, list, err)
			}
			for i, p := range people {
				if list[i].Name != p.Name || list[i].Address != p.Addr {
					t.Errorf("%s: %s is %v, not %s <%s>", m.Name, field, list[i], p.Name, p.Addr)
				}
			}
		}
		text := ""
		walk(t, m, func(_ *message.Entity, kind string, body []byte) {
			if kind == "text/plain" && text == "" {
				text = string(body)
			}
		})
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		if !strings.Contains(squeeze(text), squeeze(m.Text)) {
			t.Errorf("%s: the text is not what was written: %q", m.Name, text)
		}
	}
}

func TestThreadsHoldTogether(t *testing.T) {
	s := tell(t, 0)
	byID := map[string]*Message{}
	for _, m := range s.Messages {
		if byID[m.ID] != nil {
			t.Errorf("%s and %s have one Message-ID", m.Name, byID[m.ID].Name)
		}
		byID[m.ID] = m
	}
	answers, strangers, byToken := 0, 0, 0
	for _, m := range s.Messages {
		if m.Date.After(now) || now.Sub(m.Date) > 95*24*time.Hour {
			t.Errorf("%s is of %v", m.Name, m.Date)
		}
		if m.Folder == Nowhere && m.Owner == "" {
			t.Errorf("%s is neither in the mailbox nor in the CRM", m.Name)
		}
		n := len(m.References)
		if n == 0 {
			if bare(m.Subject) != m.Subject && token.MatchString(m.Subject) {
				byToken++
			}
			continue
		}
		parent := byID[m.References[n-1]]
		switch {
		case parent == nil:
			strangers++
		case !parent.Date.Before(m.Date):
			t.Errorf("%s of %v answers %s of %v", m.Name, m.Date, parent.Name, parent.Date)
		default:
			answers++
		}
	}
	if answers < 100 || strangers != 1 || byToken < 3 {
		t.Errorf("%d answers, %d to strangers, %d by token only", answers, strangers, byToken)
	}
}

func TestTheMailboxHasWhatRealOnesHave(t *testing.T) {
	folders, seen := map[string]int{}, map[string]int{}
	for _, m := range tell(t, 0).Messages {
		folders[m.Folder]++
		walk(t, m, func(e *message.Entity, kind string, body []byte) {
			_, params, _ := e.Header.ContentType()
			seen[kind]++
			seen[params["charset"]]++
			seen[strings.ToLower(e.Header.Get("Content-Transfer-Encoding"))]++
			switch kind {
			case "application/pdf":
				if !bytes.HasPrefix(body, []byte("%PDF-1.4")) || !bytes.HasSuffix(body, []byte("%%EOF\n")) {
					t.Errorf("%s: not a PDF", m.Name)
				}
			case "image/png":
				if _, err := png.Decode(bytes.NewReader(body)); err != nil {
					t.Errorf("%s: %v", m.Name, err)
				}
				if e.Header.Get("Content-Id") != "" {
					seen["inline"]++
				}
			case "text/html":
				if bytes.Contains(body, []byte("src=\"http")) {
					seen["remote"]++
				}
			}
		})
		head, _, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
		for _, field := range []string{"List-Id", "Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated", "multipart/report", "Thread-Index"} {
			if bytes.Contains(head, []byte(field)) {
				seen[field]++
			}
		}
		if m.Subject == "" {
			seen["no subject"]++
		}
	}
	for kind, least := range map[string]int{
		"application/pdf": 15, "image/png": 6, "text/csv": 8, "text/calendar": 3, "text/html": 50, "message/delivery-status": 1,
		"inline": 2, "remote": 8, "no subject": 2, "List-Id": 10, "Auto-Submitted: auto-replied": 4, "Auto-Submitted: auto-generated": 8,
		"multipart/report": 1, "Thread-Index": 30,
		"utf-8": 50, "us-ascii": 50, "iso-8859-2": 3, "iso-2022-jp": 2, "shift_jis": 1, "windows-1252": 5, "windows-1250": 1,
		"windows-1255": 1, "windows-1256": 1, "iso-8859-1": 5, "gb18030": 1, "big5": 1,
		"quoted-printable": 20, "base64": 20, "8bit": 4, "7bit": 20,
	} {
		if seen[kind] < least {
			t.Errorf("%d of %s, not %d", seen[kind], kind, least)
		}
	}
	if folders[Inbox] < 130 || folders[Inbox] > 170 || folders[Sent] < 35 || folders[Archive] == 0 || folders[Project] == 0 || folders[Junk] == 0 {
		t.Errorf("folders: %v", folders)
	}
}

func TestTheSameSeedTellsTheSameStory(t *testing.T) {
	a, b := tell(t, 0), tell(t, 0)
	other, err := Tell(now, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i, m := range a.Messages {
		if !bytes.Equal(m.Raw, b.Messages[i].Raw) {
			t.Fatalf("%s differs from telling to telling", m.Name)
		}
		if m.ID == other.Messages[i].ID {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d messages don't depend on the seed", same)
	}
}

func TestAStoryHasAsManyMessagesAsAskedFor(t *testing.T) {
	for _, n := range []int{1, 10, 50, 150, 190, 1000} {
		count := 0
		for _, m := range tell(t, n).Messages {
			if m.Folder != Nowhere {
				count++
			}
		}
		if count != n && (n < 20 && count > n || n >= 20 && (count > n || count < n-25)) {
			t.Errorf("%d messages, not %d", count, n)
		}
	}
}

func TestTheStoryCanBeToldOnAnyDay(t *testing.T) {
	for day := range 9 {
		if _, err := Tell(now.AddDate(0, 0, day).Add(time.Duration(day)*3*time.Hour), uint64(day), 0); err != nil {
			t.Error(err)
		}
	}
}

func TestArrivalsAndAnswersFollowTheStory(t *testing.T) {
	s := tell(t, 0)
	later := now.Add(time.Minute)
	for i, n := 0, 0; ; n++ {
		m, next, err := s.Arrival(i, later)
		if err != nil {
			t.Fatal(err)
		}
		if m == nil {
			if n < 10 {
				t.Errorf("only %d arrivals", n)
			}
			break
		}
		if i = next; !m.Date.Equal(later) {
			t.Errorf("%s is of %v", m.Name, m.Date)
		}
	}
	hank := s.Person("tiller")
	m, err := s.Answer(Parent{ID: "<a@b.example>", Subject: "Price CRM:0001099", From: s.Ann(), Date: now, Text: "Hello"}, hank, s.Ann(), later)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Re: Price CRM:0001099" || len(m.References) != 1 || !m.Date.Equal(later) {
		t.Errorf("%+v", m)
	}
	lost, err := s.Bounce(Parent{ID: "<a@b.example>", Subject: "Price"}, "nobody@nowhere.test", later)
	if err != nil || !bytes.Contains(lost.Raw, []byte("Final-Recipient: rfc822; nobody@nowhere.test")) {
		t.Errorf("%v\n%s", err, lost.Raw)
	}
}
