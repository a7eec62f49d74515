package message

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// manyParts is a message with attachments of these sizes.
func manyParts(sizes []int) (raw string, files [][]byte) {
	var b strings.Builder
	b.WriteString("From: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n")
	for i, n := range sizes {
		data := bytes.Repeat([]byte{byte(i), 'x', '\r', '\n', 0xff}, n/5+1)[:n]
		files = append(files, data)
		fmt.Fprintf(&b, "--b\r\nContent-Type: application/octet-stream; name=f%d\r\nContent-Transfer-Encoding: base64\r\n\r\n", i)
		for s := base64.StdEncoding.EncodeToString(data); s != ""; s = s[min(76, len(s)):] {
			b.WriteString(s[:min(76, len(s))] + "\r\n")
		}
	}
	b.WriteString("--b--\r\n")
	return b.String(), files
}

func TestLargeAttachmentsAreMeasuredAndExtractedAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, files := manyParts(rapid.SliceOfN(rapid.IntRange(0, 3000), 0, 5).Draw(t, "sizes"))
		lim := Limits{InMemory: int64(rapid.IntRange(1, 1500).Draw(t, "in memory")), Attachments: int64(rapid.IntRange(1, 10000).Draw(t, "most"))}
		whole, err := Read(strings.NewReader(raw), Limits{Attachments: lim.Attachments})
		if err != nil {
			t.Fatal(err)
		}
		c, err := Read(strings.NewReader(raw), lim)
		if err != nil || len(c.Attachments) != len(files) || fmt.Sprint(c.Notes) != fmt.Sprint(whole.Notes) {
			t.Fatalf("%d attachments, %v, %q, %q", len(c.Attachments), err, c.Notes, whole.Notes)
		}
		for i, a := range c.Attachments {
			got := bytes.NewBuffer(a.Data)
			if a.Size > 0 {
				if a.Data != nil || a.Size <= lim.InMemory {
					t.Errorf("%d bytes kept of %d", len(a.Data), a.Size)
				}
				got.Reset()
				if err := Extract(got, strings.NewReader(raw), i, a.Size, lim); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got.Bytes(), whole.Attachments[i].Data) {
				t.Errorf("attachment %d: %d bytes, want %d", i, got.Len(), len(whole.Attachments[i].Data))
			}
		}
	})
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("no more") }

func TestAnAttachmentThatIsNotThereOrNotWantedIsAnError(t *testing.T) {
	raw, _ := manyParts([]int{3000, 10})
	if err := Extract(io.Discard, strings.NewReader(raw), 2, 10, Limits{}); err == nil || !strings.Contains(err.Error(), "not there") {
		t.Error(err)
	}
	if err := Extract(io.Discard, strings.NewReader(raw), 0, 3001, Limits{}); err == nil {
		t.Error("shorter than it was, and no error")
	}
	if err := Extract(refusing{}, strings.NewReader(raw), 0, 3000, Limits{}); err == nil || !strings.Contains(err.Error(), "no more") {
		t.Error(err)
	}
	if err := Extract(io.Discard, strings.NewReader(raw[:len(raw)/2]), 1, 10, Limits{}); err == nil {
		t.Error("a message that breaks off, and no error")
	}
}
