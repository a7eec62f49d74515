package dataverse

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"postrider/offline"
)

const sampleBatch = "--b1\r\nContent-Type: multipart/mixed; boundary=c1\r\n\r\n" +
	"--c1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 1\r\n\r\n" +
	"HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\nOData-EntityId: https://o/emails(1)\r\n\r\n\r\n" +
	"--c1\r\nContent-Type: application/http\r\nContent-ID: 2\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n" +
	"--c1--\r\n" +
	"--b1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 404 Not Found\r\nRetry-After: 3\r\n\r\n{\"error\":{}}\r\n--b1--\r\n"

func TestABatchAnswerIsReadIntoRepliesPerPart(t *testing.T) {
	got, err := readBatch("multipart/mixed; boundary=b1", iotest.OneByteReader(strings.NewReader(sampleBatch)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || len(got[0]) != 2 || len(got[1]) != 1 {
		t.Fatalf("got %d parts: %+v", len(got), got)
	}
	if r := got[0][1]; r.id != "2" || r.status != 200 || string(r.body) != `{"a":1}` {
		t.Errorf("second of the change set: %+v", r)
	}
	if r := got[1][0]; r.status != 404 || r.header.Get("Retry-After") != "3" {
		t.Errorf("the failed part: %+v", r)
	}
}

func TestABatchAnswerThatBreaksOffIsAnErrorAtEveryByte(t *testing.T) {
	for n := range len(sampleBatch) - len("--\r\n") {
		if _, err := readBatch("multipart/mixed; boundary=b1", strings.NewReader(sampleBatch[:n])); err == nil {
			t.Fatalf("cut after %d bytes: no error", n)
		}
	}
}

func TestABatchOfTheLengthItAnnouncesCarriesAttachmentsInBase64(t *testing.T) {
	data := bytes.Repeat([]byte{0, 1, 2, 250, 251}, 5000)
	lazy := &offline.Attachment{Name: "a", Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	for _, file := range []*offline.Attachment{{Data: data}, lazy, {Data: data}} {
		carriesInBase64(t, data, file)
	}
}

func carriesInBase64(t *testing.T, data []byte, file *offline.Attachment) {
	t.Helper()
	p := &payload{}
	p.text([]byte(`{"body":"`))
	p.base64(file)
	p.text([]byte(`"}`))
	w := writeBatch("batch_1", "/api/data/v9.2/", []part{{set: true, ops: []op{{method: http.MethodPost, path: "x", body: p}}}})
	for range 2 { // it can be read again for another attempt
		b, err := io.ReadAll(w.reader())
		if err != nil || int64(len(b)) != w.size {
			t.Fatalf("read %d bytes of %d: %v", len(b), w.size, err)
		}
		if !bytes.Contains(b, []byte(`{"body":"`+base64.StdEncoding.EncodeToString(data)+`"}`)) {
			t.Error("the attachment is not there in base64")
		}
		if bytes.Contains(bytes.ReplaceAll(b, []byte("\r\n"), nil), []byte("\n")) {
			t.Error("a line does not end in CRLF")
		}
	}
}

func TestAServerThatStopsAtTheFirstFailureIsAskedForTheRest(t *testing.T) {
	s := &scripted{stopping: true, op: func(a asked) said {
		if a.path == "b" {
			return fails(400, "0x1", "no")
		}
		return ok(`{}`)
	}}
	c := s.start(t)
	got, err := c.batch(t.Context(), "test", []part{get("a"), get("b"), get("c")})
	if err != nil || len(got) != 3 || got[1][0].status != 400 || got[2][0].status != 200 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if all, _ := c.Requests(); all != 2 {
		t.Errorf("%d requests, want 2", all)
	}
}

func TestAnAnswerWithPartsMissingIsAProtocolFault(t *testing.T) {
	s := &scripted{outer: func(int, *http.Request, []byte) *said {
		return &said{status: 200, header: map[string]string{"Content-Type": "multipart/mixed; boundary=b1"},
			body: "--b1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--b1--\r\n"}
	}}
	_, err := s.start(t).batch(t.Context(), "test", []part{get("a"), get("b")})
	if offline.ClassOf(err) != offline.FaultProtocol {
		t.Fatalf("got %v", err)
	}
}

func FuzzReadBatch(f *testing.F) {
	f.Add("multipart/mixed; boundary=b1", []byte(sampleBatch))
	f.Add("multipart/mixed; boundary=b1", []byte("--b1\n\nHTTP/1.1 200\n\n\n--b1--"))
	f.Add("multipart/mixed; boundary=\"b 1\"", []byte("--b 1\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--b 1--"))
	f.Add("text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, ct string, body []byte) {
		got, err := readBatch(ct, bytes.NewReader(body))
		if err != nil {
			return
		}
		for _, replies := range got {
			if len(replies) == 0 {
				t.Fatal("a part without a reply")
			}
			for _, r := range replies {
				if r.status < 100 || r.status > 599 {
					t.Fatalf("status %d", r.status)
				}
				_ = answerFault("fuzz", r.status, r.header, r.body, nowForTests())
			}
		}
	})
}
