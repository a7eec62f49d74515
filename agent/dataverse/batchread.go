package dataverse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strconv"
	"strings"
)

// reply is the answer to one operation of a batch.
type reply struct {
	id     string // Content-ID, as far as the server gives it back
	status int
	header textproto.MIMEHeader
	body   []byte
}

func (r reply) ok() bool { return r.status/100 == 2 }

// maxParts bounds what is read of one batch answer: two levels of at most maxOps.
const maxParts = 2 * maxOps

// readBatch reads the answer to a batch: for each part its replies, at least
// one. An answer that breaks off is io.ErrUnexpectedEOF.
func readBatch(contentType string, r io.Reader) ([][]reply, error) {
	mr, end, err := multi(contentType, r)
	if err != nil {
		return nil, err
	}
	var all [][]reply
	for count := 0; ; {
		p, err := mr.NextRawPart()
		if err == io.EOF && end.seen {
			return all, nil
		}
		if err != nil {
			return nil, broken(err)
		}
		replies, err := readPart(p)
		if err != nil {
			return nil, err
		}
		if count += len(replies); count > maxParts {
			return nil, errors.New("batch answer: too many parts")
		}
		all = append(all, replies)
	}
}

func multi(contentType string, r io.Reader) (*multipart.Reader, *ending, error) {
	mt, params, err := mime.ParseMediaType(contentType)
	if err != nil || mt != "multipart/mixed" || params["boundary"] == "" {
		return nil, nil, protocol("the answer to a batch is not multipart/mixed but %q", clip(contentType, 80))
	}
	end := &ending{r: r, mark: []byte("--" + params["boundary"] + "--")}
	return multipart.NewReader(end, params["boundary"]), end, nil
}

// ending watches for the last boundary: mime/multipart says io.EOF also where
// the stream breaks off inside the header of a part.
type ending struct {
	r    io.Reader
	mark []byte
	tail []byte
	seen bool
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if !e.seen && n > 0 {
		edge := append(e.tail, p[:min(n, len(e.mark))]...)
		e.seen = bytes.Contains(edge, e.mark) || bytes.Contains(p[:n], e.mark)
		if n >= len(e.mark) {
			edge = p[:n]
		}
		e.tail = append(e.tail[:0], edge[max(0, len(edge)-len(e.mark)+1):]...)
	}
	return n, err
}

// readPart reads one part: a reply, or a change set of them.
func readPart(p *multipart.Part) ([]reply, error) {
	ct := p.Header.Get("Content-Type")
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(ct)), "multipart/") {
		one, err := readReply(p)
		return []reply{one}, err
	}
	mr, end, err := multi(ct, p)
	if err != nil {
		return nil, err
	}
	var set []reply
	for {
		q, err := mr.NextRawPart()
		if err == io.EOF && end.seen {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		one, err := readReply(q)
		if err != nil {
			return nil, err
		}
		if set = append(set, one); len(set) > maxParts {
			return nil, errors.New("batch answer: too many parts")
		}
	}
	if len(set) == 0 {
		return nil, protocol("the answer to a change set is empty")
	}
	return set, nil
}

// readReply reads an application/http part: status line, header, body.
func readReply(p *multipart.Part) (reply, error) {
	rd := bufio.NewReader(io.LimitReader(p, maxReply))
	line, err := rd.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return reply{}, broken(err)
	}
	status, err := statusLine(strings.TrimSpace(line))
	if err != nil {
		return reply{}, err
	}
	one := reply{id: strings.TrimSpace(p.Header.Get("Content-ID")), status: status}
	one.header, err = textproto.NewReader(rd).ReadMIMEHeader()
	if err != nil && err != io.EOF {
		return reply{}, broken(err)
	}
	if one.body, err = io.ReadAll(rd); err != nil {
		return reply{}, broken(err)
	}
	return one, nil
}

func statusLine(line string) (int, error) {
	proto, rest, _ := strings.Cut(line, " ")
	word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	status, err := strconv.Atoi(word)
	if !strings.HasPrefix(proto, "HTTP/") || err != nil || status < 100 || status > 599 {
		return 0, protocol("a part of the batch answer begins with %q", clip(line, 60))
	}
	return status, nil
}

// broken marks an answer that can't be read to its end: the connection is
// taken to be at fault. mime/multipart has no error value for it.
func broken(err error) error {
	if err == io.EOF || strings.HasSuffix(err.Error(), "EOF") {
		return fmt.Errorf("batch answer: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("batch answer: %w", err)
}
