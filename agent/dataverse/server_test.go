package dataverse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// asked is one operation that the scripted server was asked for.
type asked struct {
	method string
	path   string // decoded, relative to the API's root, with the query
	header http.Header
	body   []byte
	set    int // number of the change set it came in, from 1; 0: none
	batch  int // number of the HTTP request, from 1
}

func (a asked) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("body of %s %s: %v", a.method, a.path, err)
	}
	return v
}

// said is the scripted answer to one operation.
type said struct {
	status int
	body   string
	header map[string]string
}

func ok(body string) said { return said{status: 200, body: body} }

func fails(status int, code, message string) said {
	b, _ := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": message}})
	return said{status: status, body: string(b)}
}

// scripted is an organization that says what the test tells it to: it knows
// $batch and change sets, nothing else.
type scripted struct {
	t       *testing.T
	version string
	// op answers one operation. In a change set the first failure is the answer
	// to all of it; undo is then called.
	op func(a asked) said
	// outer, if it answers, does so before any operation is looked at.
	outer func(n int, r *http.Request, body []byte) *said
	undo  func()
	// after, if true, drops the connection when all was carried out.
	after    func(n int) bool
	noID     bool // refused change sets don't say which operation it was
	stopping bool // the continue-on-error preference goes unheard

	mu       sync.Mutex
	requests int
	sets     int
	seen     []asked
}

// start gives the server's URL and a client for it with a clock that never waits.
func (s *scripted) start(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	s.t = t
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	cfg := Config{URL: srv.URL, Transport: srv.Client().Transport, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *scripted) log() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]asked(nil), s.seen...)
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if s.outer != nil {
		if a := s.outer(s.requests, r, body); a != nil {
			if a.status == 0 {
				panic(http.ErrAbortHandler)
			}
			for k, v := range a.header {
				w.Header().Set(k, v)
			}
			if w.Header().Get("Content-Type") == "" {
				w.Header().Set("Content-Type", "application/json")
			}
			w.WriteHeader(a.status)
			_, _ = io.WriteString(w, a.body)
			return
		}
	}
	var out bytes.Buffer
	mw := multipart.NewWriter(&out)
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		s.t.Errorf("request %d is no batch: %v", s.requests, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.parts(multipart.NewReader(bytes.NewReader(body), params["boundary"]), mw)
	_ = mw.Close()
	if s.after != nil && s.after(s.requests) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "multipart/mixed; boundary="+mw.Boundary())
	_, _ = w.Write(out.Bytes())
}

func (s *scripted) parts(mr *multipart.Reader, mw *multipart.Writer) {
	for {
		p, err := mr.NextRawPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			s.t.Errorf("batch request: %v", err)
			return
		}
		failed := false
		if ct := p.Header.Get("Content-Type"); strings.HasPrefix(ct, "multipart/mixed") {
			_, params, _ := mime.ParseMediaType(ct)
			failed = s.changeSet(multipart.NewReader(p, params["boundary"]), mw)
		} else {
			a := s.do(p, 0)
			failed = a.status >= 400
			write(mw, "", a)
		}
		if failed && s.stopping {
			return
		}
	}
}

func (s *scripted) changeSet(mr *multipart.Reader, mw *multipart.Writer) (failed bool) {
	s.sets++
	var inner bytes.Buffer
	sw := multipart.NewWriter(&inner)
	for {
		p, err := mr.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			s.t.Errorf("change set: %v", err)
			return true
		}
		id := p.Header.Get("Content-ID")
		if id == "" {
			s.t.Error("an operation in a change set has no Content-ID")
		}
		a := s.do(p, s.sets)
		if a.status >= 400 {
			if s.undo != nil {
				s.undo()
			}
			if s.noID {
				id = ""
			}
			write(mw, id, a)
			return true
		}
		write(sw, id, a)
	}
	_ = sw.Close()
	h := map[string][]string{"Content-Type": {"multipart/mixed; boundary=" + sw.Boundary()}}
	w, _ := mw.CreatePart(h)
	_, _ = w.Write(inner.Bytes())
	return false
}

func write(mw *multipart.Writer, id string, a said) {
	h := map[string][]string{"Content-Type": {"application/http"}, "Content-Transfer-Encoding": {"binary"}}
	if id != "" {
		h["Content-ID"] = []string{id}
	}
	w, _ := mw.CreatePart(h)
	_, _ = fmt.Fprintf(w, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nOData-Version: 4.0\r\n", a.status, http.StatusText(a.status))
	for k, v := range a.header {
		_, _ = fmt.Fprintf(w, "%s: %s\r\n", k, v)
	}
	_, _ = fmt.Fprintf(w, "\r\n%s", a.body)
}

func (s *scripted) do(p *multipart.Part, set int) said {
	rd := bufio.NewReader(p)
	r, err := http.ReadRequest(rd)
	if err != nil {
		s.t.Errorf("an operation can't be read: %v", err)
		return said{status: 400}
	}
	body, _ := io.ReadAll(rd) // parts have no Content-Length
	version := s.version
	if version == "" {
		version = "9.2"
	}
	root := "/api/data/v" + version + "/"
	path, okay := strings.CutPrefix(r.URL.Path, root)
	if !okay {
		s.t.Errorf("an operation goes to %s, not under %s", r.URL.Path, root)
	}
	if q, err := url.PathUnescape(r.URL.RawQuery); err != nil {
		s.t.Errorf("query %q: %v", r.URL.RawQuery, err)
	} else if q != "" {
		path += "?" + q
	}
	a := asked{method: r.Method, path: path, header: r.Header, body: body, set: set, batch: s.requests}
	s.seen = append(s.seen, a)
	return s.op(a)
}
