package crmtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"postrider/offline"
)

// pattern is n bytes that show when some are missing or in another order.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	x := uint32(seed) + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// lazily is an attachment that is not in memory until it is read.
func lazily(name string, data []byte) offline.Attachment {
	return offline.Attachment{Name: name, Type: "application/octet-stream", Size: int64(len(data)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// roomy lets the organization take attachments of 40 MB.
func (f Fixture) roomy(t *testing.T) {
	t.Helper()
	o := f.me(t).Options
	o.MaxAttachment = 40 << 20
	f.Options(o)
	f.me(t)
}

var attachmentCases = []testCase{
	{"attachments of every size arrive as they are, large ones in blocks", func(t *testing.T, f Fixture) { // R-EMAIL-20
		f.roomy(t)
		w := f.world()
		e := f.email(w, 1)
		e.Email.Attachments = nil
		for i, size := range []int{1, f.Block - 1, f.Block, f.Block + 1, 7*f.Block + 7} {
			data := pattern(size, byte(i))
			e.Email.Attachments = append(e.Email.Attachments, offline.Attachment{Name: fmt.Sprintf("a%d.bin", size), Type: "application/octet-stream", Data: data}, lazily(fmt.Sprintf("b%d.bin", size), data))
		}
		out := f.pushGood(t, e)
		if len(out[0].Notes) != 0 || f.Notice(e.Email.Ref) != "" {
			t.Errorf("%+v, %s", out[0], f.Notice(e.Email.Ref))
		}
		f.check(t, f.stored(e))
		for _, a := range e.Email.Attachments {
			r, err := a.Reader()
			if err != nil {
				t.Fatal(err)
			}
			want, _ := io.ReadAll(r)
			if !bytes.Equal(f.File(e.Email.Ref, a.Name), want) {
				t.Errorf("%s is another one in the CRM", a.Name)
			}
		}
	}},
	{"a cut anywhere while large attachments are sent neither doubles nor loses one", func(t *testing.T, f Fixture) {
		f.roomy(t)
		w := f.world()
		var want []Stored
		for _, fault := range []Fault{DropBefore, DropAfter, ServerError, Throttled, TokenExpired} {
			for k := range 12 {
				e := f.email(w, len(want))
				e.Email.Attachments = append(e.Email.Attachments, offline.Attachment{Name: "big.bin", Data: pattern(2*f.Block+9, 1)}, lazily("big.bin", pattern(2*f.Block+9, 2)))
				f.FailAt(fault, k)
				for try := 0; ; try++ {
					out, err := f.CRM.Push(t.Context(), []offline.Write{e})
					if err == nil && out[0].Err == nil {
						break
					}
					if try > 4 || err != nil && !retryable(err) || !retryable(out[0].Err) {
						t.Fatalf("%s after %d: %v, %+v", fault, k, err, out)
					}
				}
				want = append(want, f.stored(e))
			}
		}
		f.FailAt(DropBefore, 1000000)
		f.check(t, want...)
	}},
	{"what the organization does not take is left out, and record and outcome say so", func(t *testing.T, f Fixture) { // R-EMAIL-21, R-LIMITS-03
		w := f.world()
		for _, known := range []bool{false, true} { // whether Me has told the limits
			if known {
				f.me(t)
			}
			e := f.email(w, 1)
			e.Email.Ref = f.email(w, 1).Email.Ref
			e.Email.Attachments = append(e.Email.Attachments,
				offline.Attachment{Name: "run.exe", Data: []byte("MZ")}, offline.Attachment{Name: "huge <1>.bin", Data: pattern(5<<20+1, 0)})
			out := f.pushGood(t, e)
			text := f.Text(e.Email.Ref)
			if len(out[0].Notes) != 2 || !strings.Contains(strings.Join(out[0].Notes, " "), "huge <1>.bin") {
				t.Errorf("known %v: notes %q", known, out[0].Notes)
			}
			if !strings.HasPrefix(text, "<p>Hello</p><hr>") || !strings.Contains(text, "run.exe") || !strings.Contains(text, "huge &lt;1&gt;.bin") {
				t.Errorf("known %v: the record reads %s", known, text)
			}
			if f.Notice(e.Email.Ref) != "attachments" || string(f.File(e.Email.Ref, "offer.pdf")) != "%PDF-1.4" {
				t.Errorf("known %v: notice %s", known, f.Notice(e.Email.Ref))
			}
		}
	}},
	{"an empty file is left out, and said so", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		e.Email.Attachments = append(e.Email.Attachments, lazily("nothing.txt", nil))
		if out := f.pushGood(t, e); len(out[0].Notes) != 1 || !strings.Contains(f.Text(e.Email.Ref), "nothing.txt") {
			t.Errorf("%q, %s", out[0].Notes, f.Text(e.Email.Ref))
		}
	}},
	{"what could not be read of a message is said on the record, too", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		e.Email.Notes = []string{"film.mov: cut after 157286400 bytes"}
		out := f.pushGood(t, e)
		if text := f.Text(e.Email.Ref); len(out[0].Notes) != 1 || !strings.Contains(text, "film.mov: cut") {
			t.Errorf("%q, %s", out[0].Notes, text)
		}
	}},
	{"pictures within the text are found by their Content-ID", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		e.Email.HTML = `<p><img src="cid:logo%40x.example"/><img src="cid:b&amp;w@x"/><img src="cid:other"/></p>`
		e.Email.Attachments = []offline.Attachment{{Name: "logo.png", ContentID: "logo@x.example", Data: []byte{1}}, {Name: "bw.png", ContentID: "b&w@x", Data: []byte{2}}}
		f.pushGood(t, e)
		if text := f.Text(e.Email.Ref); text != `<p><img src="cid:logo@x.example"/><img src="cid:b&amp;w@x"/><img src="cid:other"/></p>` {
			t.Errorf("text %s", text)
		}
		if a, b := f.Picture(e.Email.Ref, "logo.png"), f.Picture(e.Email.Ref, "bw.png"); a != "logo@x.example" || b != "b&w@x" {
			t.Errorf("%s, %s", a, b)
		}
	}},
	{"an attachment that can't be read fails its own email alone", func(t *testing.T, f Fixture) {
		w := f.world()
		bad, short, good := f.email(w, 1), f.email(w, 2), f.email(w, 3)
		bad.Email.Attachments = []offline.Attachment{{Name: "gone.bin", Size: 10, Open: func() (io.ReadCloser, error) { return nil, errors.New("the file is gone") }}}
		short.Email.Attachments = []offline.Attachment{lazily("short.bin", []byte("abc"))}
		short.Email.Attachments[0].Size = 10
		out := f.push(t, bad, short, good)
		for i, name := range []string{"gone.bin", "short.bin"} {
			if offline.ClassOf(out[i].Err) != offline.FaultRejected || !strings.Contains(out[i].Err.Error(), name) {
				t.Errorf("%s: %v", name, out[i].Err)
			}
		}
		if out[2].Err != nil {
			t.Error(out[2].Err)
		}
		f.check(t, f.stored(good))
	}},
}
