package message

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// repeat is a reader of s, n times, that is never in memory as a whole.
func repeat(s string, n int) io.Reader { return &repeated{s: s, n: n} }

type repeated struct {
	s    string
	n, i int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.s[r.i:])
	if r.i += n; r.i == len(r.s) {
		r.i = 0
		r.n--
	}
	return n, nil
}

// TestLargeMessagesAreBounded reads what is too large to be kept as files. The
// bounds are those of Limits, and what is over them is said.
func TestLargeMessagesAreBounded(t *testing.T) {
	s := func(v string) io.Reader { return strings.NewReader(v) }
	const mixed = "Message-ID: <large@corpus.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	for name, c := range map[string]struct {
		raw         io.Reader
		text        string // of its beginning
		attachments int
		note        string
	}{
		"a header of 10 MB":                           {io.MultiReader(s("Subject: x\r\n"), repeat("X-Junk: "+strings.Repeat("j", 90)+"\r\n", 100_000), s("\r\nbody\r\n")), "body", 0, "a header is larger"},
		"a line of 10 MB in the header":               {io.MultiReader(s("Subject: "), repeat("long ", 2_000_000), s("\r\n\r\nbody\r\n")), "body", 0, "a header is larger"},
		"a million recipients":                        {io.MultiReader(s("To: "), repeat("a@b.example, ", 1_000_000), s("\r\n\r\nbody\r\n")), "body", 0, "a header is larger"},
		"a line of 30 MB in the body":                 {io.MultiReader(s("\r\n"), repeat("0123456789", 3_000_000)), "0123456789", 0, "a text: cut after 4194304 bytes"},
		"an attachment of 25 MB":                      {io.MultiReader(s(mixed+"--b\r\nContent-Type: application/zip; name=big.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"), repeat(strings.Repeat("QUJD", 19)+"\r\n", 460_000), s("--b--\r\n")), "", 1, ""},
		"an attachment of 250 MB":                     {io.MultiReader(s(mixed+"--b\r\nContent-Type: application/zip; name=big.zip\r\n\r\n"), repeat(strings.Repeat("x", 998)+"\r\n", 250_000)), "", 1, "big.zip: cut after 157286400 bytes"},
		"a million empty parts":                       {io.MultiReader(s(mixed), repeat("--b\r\n\r\n", 1_000_000)), "", 0, "more than 1000 parts"},
		"100,000 attachments":                         {io.MultiReader(s(mixed), repeat("--b\r\nContent-Disposition: attachment; filename=a\r\n\r\nx\r\n", 100_000)), "", 999, "more than 1000 parts"},
		"1,000 multiparts in one another":             {s(nest(1000)), "", 0, "deeper than 50 levels"},
		"a base64 text of 30 MB":                      {io.MultiReader(s("Content-Transfer-Encoding: base64\r\n\r\n"), repeat(strings.Repeat("QUJD", 19)+"\r\n", 400_000)), "ABCABC", 0, "a text: cut after 4194304 bytes"},
		"a multipart of 30 MB undivided":              {io.MultiReader(s(mixed), repeat("and so on\r\n", 3_000_000)), "and so on", 0, "can't be told apart"},
		"30 MB that is base64 as a whole, with parts": {io.MultiReader(s("Content-Transfer-Encoding: base64\r\n"+mixed), repeat("LS1iDQoNCnggDQo=", 2_000_000)), "x", 0, "more than 1000 parts"},
		"HTML of 200,000 open elements":               {io.MultiReader(s("Content-Type: text/html\r\n\r\n"), repeat("<div><b>", 100_000), s("deep")), "", 0, ""},
		"HTML of one tag of 5 MB":                     {io.MultiReader(s("Content-Type: text/html\r\n\r\nbefore <p "), repeat("a=b ", 1_200_000), s(">after")), "before", 0, "a text: cut after 4194304 bytes"},
		"HTML with 300 KB of style":                   {io.MultiReader(s("Content-Type: text/html\r\n\r\n<p style=\""), repeat("color:red;", 30_000), s("\">after")), "after", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(c.raw, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			checkContent(t, got)
			if !strings.HasPrefix(strings.TrimSpace(got.Text), c.text) || len(got.Attachments) != c.attachments {
				t.Errorf("text %.40q, %d attachments", got.Text, len(got.Attachments))
			}
			if notes := strings.Join(got.Notes, "; "); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

// nest is n multiparts within one another.
func nest(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("\r\ninnermost\r\n")
	for i := n - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d--\r\n", i)
	}
	return b.String()
}

func TestAMillionRecipientsAreCutAndTheRestIsRead(t *testing.T) {
	raw := []byte("Message-ID: <many@corpus.example>\r\nTo: " + strings.Repeat("a@b.example, ", 1_000_000) + "c@d.example\r\nSubject: behind\r\n\r\n")
	m := Header(raw, arrived)
	checkHeader(t, m)
	if len(m.To) != maxAddresses || m.Identity != "<many@corpus.example>" {
		t.Errorf("%d recipients, identity %s", len(m.To), m.Identity)
	}
}
