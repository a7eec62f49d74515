package localorg

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

const maxOperations = 1000

// batchPart is a part of a batch: one operation, or a change set of several.
type batchPart struct {
	set bool
	ops []operation
}

// operation is a request within a batch.
type operation struct {
	method, url, id string
	header          http.Header
	body            []byte
}

// parseBatch reads the body of a $batch. Line ends must be CRLF, as the
// service wants them.
func parseBatch(contentType string, body []byte) ([]batchPart, error) {
	boundary, err := boundaryOf(contentType)
	if err != nil {
		return nil, err
	}
	raw, err := splitParts(body, boundary)
	if err != nil {
		return nil, err
	}
	var parts []batchPart
	total := 0
	for _, p := range raw {
		header, content, err := splitHeader(p)
		if err != nil {
			return nil, err
		}
		part := batchPart{}
		if strings.HasPrefix(strings.ToLower(header.Get("Content-Type")), "multipart/mixed") {
			part, err = parseChangeSet(header.Get("Content-Type"), content)
		} else {
			var op operation
			op, err = parseOperation(header, content)
			part.ops = []operation{op}
		}
		if err != nil {
			return nil, err
		}
		if total += len(part.ops); total > maxOperations {
			return nil, badQuery("The number of requests in the batch exceeds the limit of %d.", maxOperations)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

func boundaryOf(contentType string) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		return "", refuse(http.StatusUnsupportedMediaType, codeUnspecified, "A batch needs the content type multipart/mixed with a boundary, not '%s'.", contentType)
	}
	return params["boundary"], nil
}

func parseChangeSet(contentType string, content []byte) (batchPart, error) {
	part := batchPart{set: true}
	boundary, err := boundaryOf(contentType)
	if err != nil {
		return part, err
	}
	raw, err := splitParts(content, boundary)
	if err != nil {
		return part, err
	}
	seen := map[string]bool{}
	for _, p := range raw {
		header, content, err := splitHeader(p)
		if err != nil {
			return part, err
		}
		op, err := parseOperation(header, content)
		switch {
		case err != nil:
			return part, err
		case !slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, op.method):
			return part, badQuery("An invalid HTTP method '%s' was detected for a request in a change set. Requests in change sets only support the HTTP methods 'POST', 'PUT', 'DELETE', and 'PATCH'.", op.method)
		case op.id == "":
			return part, badQuery("The 'Content-ID' header is missing from a request in a change set.")
		case seen[op.id]:
			return part, badQuery("The content ID '%s' was found more than once in the same change set or same batch request.", op.id)
		}
		seen[op.id] = true
		part.ops = append(part.ops, op)
	}
	return part, nil
}

var crlf = []byte("\r\n")

// splitParts cuts a multipart body at its delimiters. Everything must be there,
// to the closing delimiter.
func splitParts(body []byte, boundary string) ([][]byte, error) {
	delim := []byte("--" + boundary)
	var parts [][]byte
	from := -1 // where the current part begins
	for at := 0; at < len(body); {
		end := bytes.Index(body[at:], crlf)
		next := len(body)
		line := body[at:]
		if end >= 0 {
			line, next = body[at:at+end], at+end+2
		}
		if tail, ok := bytes.CutPrefix(line, delim); ok {
			tail = bytes.TrimRight(tail, " \t")
			if len(tail) == 0 || string(tail) == "--" {
				if from >= 0 {
					parts = append(parts, bytes.TrimSuffix(body[from:max(at, from)], crlf))
				}
				if len(tail) > 0 {
					return parts, nil
				}
				from = next
			}
		}
		at = next
	}
	return nil, badQuery("The batch is not terminated by its boundary '%s'; its lines must end in CRLF.", boundary)
}

// splitHeader cuts a part, or a request in it, into header and the rest.
func splitHeader(p []byte) (http.Header, []byte, error) {
	header := http.Header{}
	for {
		line, rest, ok := bytes.Cut(p, crlf)
		if !ok && len(line) > 0 {
			return nil, nil, badQuery("A header in the batch is not followed by an empty line.")
		}
		if len(line) == 0 {
			return header, rest, nil
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, nil, badQuery("The line '%s' in the batch is no header.", line)
		}
		header.Add(textproto.TrimString(name), textproto.TrimString(value))
		p = rest
	}
}

func parseOperation(header http.Header, content []byte) (operation, error) {
	if kind, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || kind != "application/http" {
		return operation{}, badQuery("The content type '%s' of a batch part is not application/http.", header.Get("Content-Type"))
	}
	line, rest, _ := bytes.Cut(content, crlf)
	words := strings.Split(string(line), " ")
	if len(words) != 3 || !strings.HasPrefix(words[2], "HTTP/1.") {
		return operation{}, badQuery("The request line '%s' in the batch is not valid.", line)
	}
	inner, body, err := splitHeader(rest)
	if err != nil {
		return operation{}, err
	}
	id := header.Get("Content-ID")
	if id == "" {
		id = inner.Get("Content-ID")
	}
	return operation{method: words[0], url: words[1], id: id, header: inner, body: body}, nil
}

// runBatch carries out the parts in order. Without odata.continue-on-error it
// stops at the first one that fails, and the batch has its status.
func (r *request) runBatch(parts []batchPart) (*answer, error) {
	var err error
	if r.prefer, err = parsePrefer(r.header); err != nil {
		return nil, err
	}
	w := multipartWriter{boundary: "batchresponse_" + newID()}
	status := http.StatusOK
	refs := map[string]ref{}
	for _, p := range parts {
		var failed *answer
		if p.set {
			failed = r.runChangeSet(&w, p.ops)
		} else {
			mark := r.t.mark()
			a, err := r.runOne(p.ops[0], refs)
			if err != nil {
				r.t.rollbackTo(mark)
				failed = a
			}
			w.answer(w.boundary, p.ops[0].id, a)
		}
		if failed != nil && !r.prefer.goOn {
			status = failed.status
			break
		}
	}
	w.close(w.boundary)
	a := &answer{status: status, body: w.buf.Bytes()}
	return r.finish(a.set("Content-Type", "multipart/mixed; boundary="+w.boundary)), nil
}

// runChangeSet carries out all operations or none. It returns the answer that
// made it fail, if any; that one then stands for the whole change set.
func (r *request) runChangeSet(w *multipartWriter, ops []operation) *answer {
	mark := r.t.mark()
	refs := map[string]ref{}
	answers := make([]*answer, 0, len(ops))
	for _, op := range ops {
		a, err := r.runOne(op, refs)
		if err != nil {
			r.t.rollbackTo(mark)
			w.answer(w.boundary, op.id, a)
			return a
		}
		answers = append(answers, a)
	}
	inner := "changesetresponse_" + newID()
	w.nested(inner)
	for i, a := range answers {
		w.answer(inner, ops[i].id, a)
	}
	w.close(inner)
	return nil
}

// runOne carries out one operation. With an error the answer words it.
func (r *request) runOne(op operation, refs map[string]ref) (*answer, error) {
	one := &request{t: r.t, method: op.method, header: op.header, body: op.body, base: r.base, refs: refs}
	a, err := one.runAddressed(op.url, r.base)
	if err != nil {
		return answerTo(err, one.prefer.notes), err
	}
	if op.id != "" && a.made.id != "" {
		refs[op.id] = a.made
	}
	return one.finish(a), nil
}

// runAddressed resolves the URL of an operation: relative, from the root of the
// host, or absolute.
func (r *request) runAddressed(address, base string) (*answer, error) {
	if len(address) > maxURLin {
		return nil, refuse(http.StatusRequestURITooLong, codeUnspecified, "The request URI is longer than %d characters.", maxURLin)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, badQuery("The address '%s' in the batch is not valid.", address)
	}
	r.path, r.rawQuery = u.EscapedPath(), u.RawQuery
	if strings.HasPrefix(r.path, "/") {
		root, err := url.Parse(base)
		if err != nil {
			return nil, err
		}
		below, ok := strings.CutPrefix(r.path, root.EscapedPath())
		if !ok {
			return nil, noSegment(strings.Trim(r.path, "/"))
		}
		r.path = below
	}
	if r.path == "$batch" {
		return nil, badQuery("A batch can't hold another batch.")
	}
	return r.run()
}

// multipartWriter builds the answer to a batch.
type multipartWriter struct {
	boundary string
	buf      bytes.Buffer
}

func (w *multipartWriter) answer(boundary, id string, a *answer) {
	fmt.Fprintf(&w.buf, "--%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n", boundary)
	if id != "" {
		fmt.Fprintf(&w.buf, "Content-ID: %s\r\n", id)
	}
	fmt.Fprintf(&w.buf, "\r\nHTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	a.set("OData-Version", "4.0")
	a.header.Write(&w.buf)
	w.buf.WriteString("\r\n")
	w.buf.Write(a.body)
	w.buf.WriteString("\r\n")
}

func (w *multipartWriter) nested(inner string) {
	fmt.Fprintf(&w.buf, "--%s\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n", w.boundary, inner)
}

func (w *multipartWriter) close(boundary string) { fmt.Fprintf(&w.buf, "--%s--\r\n", boundary) }
