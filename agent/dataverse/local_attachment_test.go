package dataverse_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postrider/agent/dataverse"
	"postrider/app/localorg"
	"postrider/offline"
)

func (l *local) attachment(email offline.Ref, name string) map[string]any {
	rows := l.org.Rows("activitymimeattachment", func(row map[string]any) bool {
		return row["_objectid_value"] == email.ID && row["filename"] == name
	})
	if len(rows) != 1 {
		l.t.Errorf("%d attachments %s of %s", len(rows), name, email)
		return nil
	}
	return rows[0]
}

func (l *local) file(email offline.Ref, name string) []byte {
	body, _ := l.attachment(email, name)["body"].(string)
	b, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		l.t.Error(err)
	}
	return b
}

func (l *local) picture(email offline.Ref, name string) string {
	id, _ := l.attachment(email, name)["attachmentcontentid"].(string)
	return id
}

func (l *local) text(email offline.Ref) string {
	s, _ := l.org.Row("email", email.ID)["description"].(string)
	return s
}

func (l *local) notice(email offline.Ref) string {
	n, _ := l.org.Row("email", email.ID)["notifications"].(int64)
	return []string{"", "attachments", "text"}[n]
}

// With the real size of blocks, against the platform's own limits.
func TestAnAttachmentOfManyMegabytesGoesInBlocksOfFour(t *testing.T) {
	_, l := openLocal(t)
	l.update("organization", l.org.ID(), map[string]any{"maxuploadfilesize": 32 << 20}) // R-LIMITS-03: the largest recommended
	c, err := dataverse.New(dataverse.Config{URL: "http://localhost", Transport: l.org.Transport(l.me)})
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("postrider"), 1<<20)
	m := &offline.OutgoingEmail{Ref: offline.Ref{Kind: offline.KindEmail, ID: uuid.NewString()}, Identity: "<big@x.example>", When: time.Now(),
		Attachments: []offline.Attachment{{Name: "big.bin", Data: data}, {Name: "four.bin", Data: data[:4<<20]}}}
	out, err := c.Push(t.Context(), []offline.Write{{Change: offline.Change{Op: offline.OpCreateEmail, Record: m.Ref}, Email: m}})
	if err != nil || out[0].Err != nil || len(out[0].Notes) > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if !bytes.Equal(l.file(m.Ref, "big.bin"), data) || !bytes.Equal(l.file(m.Ref, "four.bin"), data[:4<<20]) {
		t.Error("what arrived is not what was sent")
	}
	// The row with the small one, the beginning, three blocks, the commit, the closing.
	if all, _ := c.Requests(); all != 7 {
		t.Errorf("%d requests", all)
	}
}

func TestATextLongerThanTheColumnIsCutAndSaysSo(t *testing.T) {
	for _, known := range []bool{true, false} { // by metadata, or by the refusal
		org, err := localorg.Open(localorg.Options{MaxBody: 3000})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = org.Close() })
		me, err := org.AddUser("Me", "Myself", "me@firm.example")
		if err != nil {
			t.Fatal(err)
		}
		c, err := dataverse.New(dataverse.Config{URL: "http://localhost", Transport: org.Transport(me)})
		if err != nil {
			t.Fatal(err)
		}
		if u, err := c.Me(t.Context()); known && (err != nil || u.Options.MaxBody != 3000) {
			t.Errorf("%+v, %v", u, err)
		}
		if !known {
			if c, err = dataverse.New(dataverse.Config{URL: "http://localhost", Transport: org.Transport(me)}); err != nil {
				t.Fatal(err)
			}
		}
		m := &offline.OutgoingEmail{Ref: offline.Ref{Kind: offline.KindEmail, ID: uuid.NewString()}, Identity: "<long@x.example>", When: time.Now(),
			HTML: strings.Repeat("<p>Lorem &amp; ipsum</p>", 500), Attachments: []offline.Attachment{{Name: "run.exe", Data: []byte("MZ")}}}
		out, err := c.Push(t.Context(), []offline.Write{{Change: offline.Change{Op: offline.OpCreateEmail, Record: m.Ref}, Email: m}})
		if err != nil || out[0].Err != nil || len(out[0].Notes) != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		row := org.Row("email", m.Ref.ID)
		text := row["description"].(string)
		if len(text) < 2500 || len(text) > 3000 || !strings.HasSuffix(text, "</em></p>") || !strings.Contains(text, "was cut") || !strings.Contains(text, "run.exe") || row["notifications"] != int64(2) {
			t.Errorf("known %v: %d characters, notifications %v, ending in %s", known, len(text), row["notifications"], text[max(0, len(text)-200):])
		}
	}
}
