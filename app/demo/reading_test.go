package demo

import (
	"bytes"
	"strings"
	"testing"

	"postrider/agent/message"
	"postrider/app/demo/story"
)

// The program's own reader must find in each message what the story put in.
func TestTheProgramReadsEachMessageAsItWasTold(t *testing.T) {
	told, err := story.Tell(noon, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, m := range told.Messages {
		got := message.Header(m.Raw, m.Date)
		if got.Identity != m.ID || got.Computed || got.Subject != m.Subject || !got.Date.Equal(m.Date) {
			t.Errorf("%s: identity %q, subject %q, date %v", m.Name, got.Identity, got.Subject, got.Date)
		}
		if len(got.From) != 1 || got.From[0].Name != m.From.Name || got.From[0].Addr != m.From.Addr || len(got.To) != len(m.To) || len(got.Cc) != len(m.Cc) {
			t.Errorf("%s: from %v to %v cc %v", m.Name, got.From, got.To, got.Cc)
		}
		if n := len(m.References); n != len(got.References) || n > 0 && (len(got.InReplyTo) != 1 || got.InReplyTo[0] != m.References[n-1]) {
			t.Errorf("%s: answers %v, refers to %v", m.Name, got.InReplyTo, got.References)
		}
		c, err := message.Read(bytes.NewReader(m.Raw), message.Limits{})
		if err != nil || len(c.Notes) > 0 {
			t.Errorf("%s: %v, %v", m.Name, err, c.Notes)
		}
		if !strings.Contains(squeeze(c.Text), squeeze(m.Text)) {
			t.Errorf("%s: the text is %q", m.Name, c.Text)
		}
		if len(c.Attachments) < len(m.Files) {
			t.Errorf("%s: %d attachments of %d", m.Name, len(c.Attachments), len(m.Files))
		}
		for i, f := range m.Files {
			if a := c.Attachments[len(c.Attachments)-len(m.Files)+i]; a.Name != f.Name || !bytes.Equal(a.Data, f.Data) {
				t.Errorf("%s: attachment %q is not %q", m.Name, a.Name, f.Name)
			}
		}
		if strings.Contains(message.SafeHTML(c.HTML), "http://img.") || strings.Contains(message.SafeHTML(c.HTML), "src=\"http") {
			t.Errorf("%s: something remote is left in the safe HTML", m.Name)
		}
	}
}
