package compose

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// leaf is a part that holds no others.
type leaf interface {
	fields(*header)
	write(*bufio.Writer) error
}

// text is a leaf of text in UTF-8.
type text struct{ media, body string }

// textLeaf is a text with whole lines and without control characters.
func textLeaf(media, body string) text {
	body = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7F:
			return -1
		}
		return r
	}, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(body, "\uFFFD")))
	if body != "" && !strings.HasSuffix(body, "\n") {
		body += "\n"
	}
	return text{media, body}
}

// base64 is shorter than quoted-printable where a good part is not ASCII.
func (t text) asBase64() bool {
	high := 0
	for i := 0; i < len(t.body); i++ {
		if t.body[i] >= utf8.RuneSelf {
			high++
		}
	}
	return high*6 > len(t.body)
}

func (t text) fields(h *header) {
	charset := "us-ascii"
	if !isASCII(t.body) {
		charset = "utf-8"
	}
	h.parameters("Content-Type", t.media, [][2]string{{"charset", charset}})
	if t.asBase64() {
		h.raw("Content-Transfer-Encoding", "base64")
	} else {
		h.raw("Content-Transfer-Encoding", "quoted-printable")
	}
}

func (t text) write(w *bufio.Writer) error {
	body := strings.ReplaceAll(t.body, "\n", "\r\n")
	if t.asBase64() {
		return writeBase64(w, strings.NewReader(body))
	}
	q := quotedprintable.NewWriter(w)
	if _, err := io.WriteString(q, body); err != nil {
		return err
	}
	return q.Close()
}

// fileLeaf is a leaf of a file.
type fileLeaf struct {
	File
	disposition string
}

func (f fileLeaf) fields(h *header) {
	media := f.media()
	name := cleanName(f.Name)
	var params [][2]string
	if isASCII(name) && len(name) < 60 {
		params = [][2]string{{"name", name}} // for those who know RFC 1341 only
	}
	h.parameters("Content-Type", media, params)
	h.raw("Content-Transfer-Encoding", "base64")
	h.parameters("Content-Disposition", f.disposition, [][2]string{{"filename", name}})
	if id := cleanID(f.ContentID); id != "" {
		h.raw("Content-ID", "<"+id+">")
	}
}

// media is the type of the file; messages and multiparts can't travel as base64
// (RFC 2046 sections 5.1 and 5.2.1) and go as what they are on disk: bytes.
func (f File) media() string {
	media, params, err := mime.ParseMediaType(f.Type)
	if err != nil || !strings.Contains(media, "/") || len(media) > 127 || strings.HasPrefix(media, "message/") || strings.HasPrefix(media, "multipart/") {
		return "application/octet-stream"
	}
	if c := params["charset"]; c != "" && strings.HasPrefix(media, "text/") && isToken(c) && len(c) < 40 {
		media += "; charset=" + c
	}
	return media
}

func (f fileLeaf) write(w *bufio.Writer) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("attach %s: %w", cleanName(f.Name), err)
	}
	in := &remembering{r: r}
	if err := writeBase64(w, in); err != nil {
		r.Close()
		if in.err != nil {
			return fmt.Errorf("attach %s: %w", cleanName(f.Name), in.err)
		}
		return err
	}
	if err := r.Close(); err != nil {
		return fmt.Errorf("attach %s: %w", cleanName(f.Name), err)
	}
	return nil
}

// remembering tells errors of the reader from those of the writer.
type remembering struct {
	r   io.Reader
	err error
}

func (m *remembering) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

// base64Line is how many bytes make a line of 76 characters (RFC 2045 section 6.8).
const base64Line = 57

func writeBase64(w *bufio.Writer, r io.Reader) error {
	in := make([]byte, base64Line*512)
	line := make([]byte, 78)
	for {
		n, err := io.ReadFull(r, in)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		for b := in[:n]; len(b) > 0; {
			k := min(len(b), base64Line)
			base64.StdEncoding.Encode(line, b[:k])
			end := base64.StdEncoding.EncodedLen(k)
			line[end], line[end+1] = '\r', '\n'
			if _, err := w.Write(line[:end+2]); err != nil {
				return err
			}
			b = b[k:]
		}
		if err != nil {
			return nil
		}
	}
}

// cleanName is a file name without path and without what can't be in one.
func cleanName(name string) string {
	name = filepath.Base(strings.ReplaceAll(cleanText(name), `\`, "/"))
	if name == "." || name == "/" || name == "" {
		return "attachment"
	}
	return name
}

// cleanID keeps the characters of a Content-ID that need no quoting, 200 at most.
func cleanID(id string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`<>()[]\,;:"`, r) {
			return -1
		}
		return r
	}, id[:min(len(id), 200)])
}
