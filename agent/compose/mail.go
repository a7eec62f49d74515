package compose

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"postrider/offline"
)

// Mail is a message to be written.
type Mail struct {
	From        offline.Address
	To, Cc, Bcc []offline.Address // Bcc is written nowhere; see BccField
	Subject     string
	Identity    string // Message-ID with <>
	Date        time.Time
	InReplyTo   string   // Message-ID with <>; empty: it answers nothing
	References  []string // oldest first, Message-IDs with <>
	ThreadIndex string   // base64; see NewThreadIndex
	Text        string   // plain text, \n line ends
	HTML        string   // beside Text, made safe by Clean; empty: plain text only
	Files       []File
}

// File is an attachment, or with a ContentID that HTML refers to by cid: a part
// of the HTML.
type File struct {
	Name      string
	Type      string // media type; empty: application/octet-stream
	ContentID string // without <>
	Size      int64  // bytes, as far as is known; for those who count
	Open      func() (io.ReadCloser, error)
}

// Write writes m. Files are opened one after another and copied through a small
// buffer, so memory does not grow with them. Errors are w's, a file's (they name
// it), or say what in m can't be written.
func Write(w io.Writer, m Mail) error {
	out := bufio.NewWriterSize(w, 32<<10)
	if err := m.write(out); err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	return out.Flush()
}

func (m *Mail) write(w *bufio.Writer) error {
	h := header{}
	if err := m.fields(&h); err != nil {
		return err
	}
	h.raw("MIME-Version", "1.0")
	p := m.structure()
	p.fields(&h)
	if _, err := w.WriteString(h.String() + "\r\n"); err != nil {
		return err
	}
	return p.write(w)
}

// fields are those of the message itself (RFC 5322 section 3.6).
func (m *Mail) fields(h *header) error {
	if !isIdentity(m.Identity) {
		return fmt.Errorf("%q is not a Message-ID", m.Identity)
	}
	if m.Date.IsZero() {
		return errors.New("it has no date")
	}
	h.raw("Date", m.Date.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	if err := h.addresses("From", []offline.Address{m.From}); err != nil {
		return err
	}
	if err := h.addresses("To", m.To); err != nil {
		return err
	}
	if err := h.addresses("Cc", m.Cc); err != nil {
		return err
	}
	if len(m.To)+len(m.Cc) == 0 {
		h.raw("To", "undisclosed-recipients:;")
	}
	h.text("Subject", m.Subject)
	h.raw("Message-ID", m.Identity)
	if isIdentity(m.InReplyTo) {
		h.raw("In-Reply-To", m.InReplyTo)
	}
	h.identities("References", m.References)
	if index, err := decodeIndex(m.ThreadIndex); err == nil && len(index) >= indexRoot {
		h.raw("Thread-Index", m.ThreadIndex)
		h.text("Thread-Topic", BaseSubject(m.Subject))
	}
	return nil
}

// BccField is the field that a copy kept by the sender may begin with, so that
// it tells to whom the message went; "" where there are none.
func BccField(list []offline.Address) (string, error) {
	h := header{}
	err := h.addresses("Bcc", list)
	return h.String(), err
}

// node is a part of the message: a leaf, or a multipart of children.
type node struct {
	media    string // of a multipart: alternative, related, mixed
	boundary string
	parts    []node
	leaf     leaf
}

// structure puts text, HTML, the images of the HTML and the attachments into
// one another as RFC 2046 section 5.1 and RFC 2387 have it.
func (m *Mail) structure() node {
	n := 0
	multipart := func(media string, parts []node) node {
		n++
		return node{media: media, boundary: boundary(m.Identity, n), parts: parts}
	}
	body := node{leaf: textLeaf("text/plain", m.Text)}
	var inline, attached []node
	for _, f := range m.Files {
		if id := cleanID(f.ContentID); m.HTML != "" && id != "" && strings.Contains(m.HTML, "cid:"+id) {
			inline = append(inline, node{leaf: fileLeaf{f, "inline"}})
		} else {
			attached = append(attached, node{leaf: fileLeaf{f, "attachment"}})
		}
	}
	if m.HTML != "" {
		rich := node{leaf: textLeaf("text/html", m.HTML)}
		if len(inline) > 0 {
			rich = multipart("related", append([]node{rich}, inline...))
		}
		body = multipart("alternative", []node{body, rich})
	}
	if len(attached) > 0 {
		body = multipart("mixed", append([]node{body}, attached...))
	}
	return body
}

// boundary is one that can't stand in what we write: neither quoted-printable
// nor base64 has "=_" (RFC 2045 section 6.7), and headers of parts have no line
// that begins with "--".
func boundary(identity string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", identity, n))
	return "=_" + hex.EncodeToString(sum[:16])
}

func (n node) fields(h *header) {
	if n.leaf != nil {
		n.leaf.fields(h)
		return
	}
	params := [][2]string{{"boundary", n.boundary}}
	if n.media == "related" {
		params = append(params, [2]string{"type", "text/html"}) // RFC 2387 section 3.1
	}
	h.parameters("Content-Type", "multipart/"+n.media, params)
}

func (n node) write(w *bufio.Writer) error {
	if n.leaf != nil {
		return n.leaf.write(w)
	}
	for _, p := range n.parts {
		h := header{}
		p.fields(&h)
		if _, err := w.WriteString("--" + n.boundary + "\r\n" + h.String() + "\r\n"); err != nil {
			return err
		}
		if err := p.write(w); err != nil {
			return err
		}
		if _, err := w.WriteString("\r\n"); err != nil {
			return err
		}
	}
	_, err := w.WriteString("--" + n.boundary + "--\r\n")
	return err
}
