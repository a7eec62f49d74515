package message

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"postrider/offline"
)

var writeWant = flag.Bool("want", false, "write what the corpus gives now into its .want files, to be looked at")

// corpusFiles are the strange and hostile messages, one to a file; beside each
// lies what it has to give.
func corpusFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.eml")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files in the corpus, %v", len(files), err)
	}
	return files
}

// arrived is when the corpus arrived.
var arrived = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// facts are what somebody who looks at a message is shown, and what is decided by.
func facts(m offline.Message, c Content) string {
	var b strings.Builder
	line := func(name, format string, a ...any) {
		if s := fmt.Sprintf(format, a...); s != "" {
			if len(s) > 600 {
				s = fmt.Sprintf("%s... (%d bytes)", cut(s, 600), len(s))
			}
			fmt.Fprintf(&b, "%s: %s\n", name, strings.ReplaceAll(s, "\n", "\n  "))
		}
	}
	people := func(list []offline.Address) string {
		var all []string
		for i, a := range list {
			if i == 4 {
				all = append(all, fmt.Sprintf("and %d more", len(list)-i))
				break
			}
			all = append(all, fmt.Sprintf("%q <%s>", a.Name, a.Addr))
		}
		return strings.Join(all, ", ")
	}
	line("subject", "%+q", m.Subject)
	line("from", "%s", people(m.From))
	if m.Sender.Addr != "" {
		line("sender", "%s", people([]offline.Address{m.Sender}))
	}
	line("to", "%s", people(m.To))
	line("cc", "%s", people(m.Cc))
	line("date", "%s", m.Date.Format(time.RFC3339))
	if m.Computed {
		line("identity", "computed")
	} else {
		line("identity", "%s", m.Identity)
	}
	if n := len(m.References); n > 0 {
		line("references", "%d, %s to %s", n, m.References[0], m.References[n-1])
	}
	line("answers", "%s", strings.Join(m.InReplyTo, " "))
	line("thread", "%s", m.ThreadIndex)
	line("type", "%s", m.ContentType)
	line("list", "%s", m.ListID)
	if m.Automatic {
		line("automatic", "yes")
	}
	line("snippet", "%+q", c.Snippet)
	line("text", "%+q", c.Text)
	line("safe html", "%+q", SafeHTML(c.HTML))
	for _, a := range c.Attachments {
		line("attachment", "%+q %s %d %s", a.Name, a.Type, len(a.Data), a.ContentID)
	}
	for _, n := range c.Notes {
		line("note", "%s", n)
	}
	return b.String()
}

func TestEveryStrangeMessageGivesWhatItHasTo(t *testing.T) {
	for _, file := range corpusFiles(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".eml")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := Header(raw, arrived)
			checkHeader(t, m)
			c, err := Read(bytes.NewReader(raw), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			checkContent(t, c)
			got := facts(m, c)
			if slow, err := Read(iotest.OneByteReader(bytes.NewReader(raw)), Limits{}); err != nil || facts(m, slow) != got {
				t.Errorf("read byte by byte it differs: %v\n%s", err, facts(m, slow))
			}
			wantFile := strings.TrimSuffix(file, ".eml") + ".want"
			if *writeWant {
				if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
