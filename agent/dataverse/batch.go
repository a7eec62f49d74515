package dataverse

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"postrider/offline"
)

// maxOps is the most operations the platform takes in one batch ("Execute
// batch operations using the Web API").
const maxOps = 1000

// op is one operation in a batch.
type op struct {
	method string
	path   string // relative to the API's root
	header [][2]string
	body   *payload // JSON; nil: none
}

// part is one operation, or a change set of several that happen all or not at all.
type part struct {
	ops    []op
	set    bool
	single bool // a repeat would not be recognised: whether it was carried out has to be looked at first
}

func get(path string, header ...[2]string) part {
	return part{ops: []op{{method: http.MethodGet, path: path, header: header}}}
}

// size is about how many bytes p takes in a batch.
func (p part) size() (n int64) {
	for _, o := range p.ops {
		n += 300 + int64(len(o.path))
		if o.body != nil {
			n += o.body.size
		}
	}
	return n
}

func (p part) writes() bool {
	for _, o := range p.ops {
		if o.method != http.MethodGet {
			return true
		}
	}
	return p.set
}

// batch sends parts in one request and returns the replies of each: one for an
// operation; for a change set one per operation or, where it was refused, one
// failure. It goes on past failed parts; a server that stops at the first
// failure is asked again for the rest.
func (c *Client) batch(ctx context.Context, what string, parts []part) ([][]reply, error) {
	var all [][]reply
	for rest := parts; len(rest) > 0; rest = parts[len(all):] {
		got, err := c.batchOnce(ctx, what, rest)
		if err != nil {
			return all, err
		}
		if len(got) == 0 || len(got) > len(rest) ||
			len(got) < len(rest) && got[len(got)-1][0].status < 400 {
			return all, &offline.Fault{Class: offline.FaultProtocol, Op: what,
				Text: fmt.Sprintf("the server answered %d of %d parts of a batch", len(got), len(rest))}
		}
		all = append(all, got...)
	}
	return all, nil
}

func (c *Client) batchOnce(ctx context.Context, what string, parts []part) (got [][]reply, err error) {
	boundary := "batch_" + strconv.FormatUint(rand.Uint64(), 36)
	r := request{
		op: what, method: http.MethodPost, path: "$batch",
		ctype:  `multipart/mixed; boundary="` + boundary + `"`,
		header: [][2]string{{"Prefer", "odata.continue-on-error"}},
		body:   func(root string) *payload { return writeBatch(boundary, root, parts) },
		take: func(resp *http.Response, body io.Reader) (err error) {
			got, err = readBatch(resp.Header.Get("Content-Type"), body)
			return err
		},
	}
	for _, p := range parts {
		r.writes = r.writes || p.writes()
		r.single = r.single || p.single
	}
	err = c.carry(ctx, r)
	return got, err
}

// writeBatch puts the parts into a multipart body. Lines end in CRLF throughout.
func writeBatch(boundary, root string, parts []part) *payload {
	w := batchWriter{root: root}
	for i, p := range parts {
		w.line("--" + boundary)
		if !p.set {
			w.op(p.ops[0], "")
			continue
		}
		set := fmt.Sprintf("changeset_%s_%d", strings.TrimPrefix(boundary, "batch_"), i)
		w.line(`Content-Type: multipart/mixed; boundary="` + set + `"`)
		w.line("")
		for k, o := range p.ops {
			w.line("--" + set)
			w.op(o, strconv.Itoa(k+1))
		}
		w.line("--" + set + "--")
	}
	w.line("--" + boundary + "--")
	w.flush()
	return &w.p
}

type batchWriter struct {
	root string
	buf  []byte
	p    payload
}

func (w *batchWriter) line(s string) { w.buf = append(append(w.buf, s...), '\r', '\n') }

func (w *batchWriter) flush() {
	if len(w.buf) > 0 {
		w.p.text(w.buf)
		w.buf = nil
	}
}

func (w *batchWriter) op(o op, id string) {
	w.line("Content-Type: application/http")
	w.line("Content-Transfer-Encoding: binary")
	if id != "" {
		w.line("Content-ID: " + id)
	}
	w.line("")
	w.line(o.method + " " + w.root + o.path + " HTTP/1.1")
	w.line("Accept: application/json")
	for _, h := range o.header {
		w.line(h[0] + ": " + h[1])
	}
	if o.body != nil {
		w.line("Content-Type: application/json; charset=utf-8")
	}
	w.line("")
	if o.body != nil {
		w.flush()
		w.p.add(o.body)
	}
	w.line("")
}
