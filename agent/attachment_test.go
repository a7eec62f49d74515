package agent

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"postrider/agent/track"
)

// R-EMAIL-20: attachments travel; a large one is not in memory before it is sent.
func TestALargeAttachmentIsReadFromTheStoreWhenItIsSent(t *testing.T) {
	w := newWorld(t, track.All)
	large, small := bytes.Repeat([]byte("postrider"), inMemory/4), []byte("small")
	var raw strings.Builder
	raw.WriteString("From: jana@acme.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	for _, data := range [][]byte{small, large} {
		raw.WriteString("--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(data) + "\r\n")
	}
	raw.WriteString("--b--\r\n")
	if _, err := w.store.PutBody(7, strings.NewReader(raw.String())); err != nil {
		t.Fatal(err)
	}
	c, err := w.agent.readOutgoing(7)
	if err != nil || len(c.Attachments) != 2 || c.Attachments[0].Open != nil || c.Attachments[1].Data != nil {
		t.Fatalf("%v, %d attachments", err, len(c.Attachments))
	}
	for range 2 { // for another attempt, again
		for i, want := range [][]byte{small, large} {
			a := c.Attachments[i]
			r, err := a.Reader()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, want) || a.Len() != int64(len(want)) {
				t.Errorf("attachment %d: %d bytes of %d, %v", i, len(got), len(want), err)
			}
			_ = r.Close()
		}
	}
	r, err := c.Attachments[1].Reader() // given up half way: nothing stays behind
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Error(err)
	}
	_ = r.Close()
	if err := w.store.DropBody(7); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Attachments[1].Reader(); err == nil {
		t.Error("a body that is gone is read")
	}
}
