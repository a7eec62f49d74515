package dav

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html/charset"
)

// Namespaces (RFC 4918, 4791, 6352, and what the first calendar server added).
const (
	nsDAV  = "DAV:"
	nsCal  = "urn:ietf:params:xml:ns:caldav"
	nsCard = "urn:ietf:params:xml:ns:carddav"
	nsCS   = "http://calendarserver.org/ns/"
	nsICal = "http://apple.com/ns/ical/"
)

// Bounds of an answer: no honest one has so much in one response, or nests so
// deep.
const (
	maxDepth = 40
	maxNodes = 50_000 // elements of one response
)

var (
	errTooLarge = errors.New("one response is larger than is reasonable")
	errTooDeep  = errors.New("the answer nests deeper than is reasonable")
)

// response is what a server says about one resource (RFC 4918 section 14.24).
type response struct {
	href   string
	status int      // of the resource as a whole; 0: see the properties
	props  []*node  // those that were found
	others []string // further hrefs, with the same status
	wrong  string   // what is wrong with the response, for people
}

// prop is a property that was found, nil if it was not.
func (r *response) prop(space, local string) *node {
	for _, p := range r.props {
		if p.name.Space == space && p.name.Local == local {
			return p
		}
	}
	return nil
}

// text is the text of a property, empty where there is none.
func (r *response) text(space, local string) string {
	if p := r.prop(space, local); p != nil {
		return strings.TrimSpace(p.text)
	}
	return ""
}

// etag is its ETag, empty where there is none that could be given back.
func (r *response) etag() string {
	tag := r.text(nsDAV, "getetag")
	if strings.ContainsFunc(tag, unicode.IsControl) {
		return ""
	}
	return tag
}

// node is an element, read whole.
type node struct {
	name xml.Name
	attr []xml.Attr
	text string // the text right within it
	kids []*node
}

func (n *node) kid(space, local string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name.Space == space && k.name.Local == local {
			return k
		}
	}
	return nil
}

// hrefs are the texts of the DAV:href elements in n.
func (n *node) hrefs() []string {
	var list []string
	if n != nil {
		for _, k := range n.kids {
			if k.name.Space == nsDAV && k.name.Local == "href" && strings.TrimSpace(k.text) != "" {
				list = append(list, strings.TrimSpace(k.text))
			}
		}
	}
	return list
}

// scan reads XML in pieces, none of them larger than its bound.
type scan struct {
	d     *xml.Decoder
	in    *bounded
	nodes int
}

// bounded fails when more than most bytes were read since it was last renewed.
type bounded struct {
	r          io.Reader
	left, most int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func newScan(r io.Reader, most int64) *scan {
	in := &bounded{r: r, left: most, most: most}
	d := xml.NewDecoder(in)
	d.CharsetReader = charset.NewReaderLabel
	return &scan{d: d, in: in}
}

// renew allows as much again.
func (s *scan) renew() { s.in.left, s.nodes = s.in.most, 0 }

// start is the next start of an element; ok is false at the end of the one that
// is open.
func (s *scan) start() (e xml.StartElement, ok bool, err error) {
	for {
		t, err := s.d.Token()
		if err != nil {
			return e, false, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, true, nil
		case xml.EndElement:
			return e, false, nil
		}
	}
}

// element reads the first element of the document, whole.
func (s *scan) element() (*node, error) {
	e, _, err := s.start()
	if err != nil {
		return nil, err
	}
	return s.rest(e, 0)
}

// rest reads the element that e begins.
func (s *scan) rest(e xml.StartElement, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	if s.nodes++; s.nodes > maxNodes {
		return nil, errTooLarge
	}
	n := &node{name: e.Name}
	if len(e.Attr) > 0 {
		n.attr = append([]xml.Attr(nil), e.Attr...)
	}
	first, more := "", []string(nil)
	for {
		t, err := s.d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			if first == "" {
				first = string(t)
			} else {
				more = append(more, string(t))
			}
		case xml.StartElement:
			k, err := s.rest(t, depth+1)
			if err != nil {
				return nil, err
			}
			n.kids = append(n.kids, k)
		case xml.EndElement:
			if n.text = first; len(more) > 0 {
				n.text += strings.Join(more, "")
			}
			return n, nil
		}
	}
}

// multistatus reads an answer with many parts and hands each over as it comes.
// It returns the sync token at its end, if there is one. most bounds the bytes
// of one response.
func multistatus(r io.Reader, most int64, each func(*response) error) (token string, err error) {
	s := newScan(r, most)
	root, ok, err := s.start()
	if errors.Is(err, io.EOF) {
		return "", errNotDAV // an answer that is whole, and has no XML in it
	}
	if err != nil {
		return "", err
	}
	if !ok || root.Name.Local != "multistatus" || root.Name.Space != nsDAV {
		return "", errNotDAV
	}
	for {
		s.renew()
		e, ok, err := s.start()
		if err != nil || !ok {
			return token, err
		}
		n, err := s.rest(e, 1)
		if err != nil {
			return token, err
		}
		switch {
		case e.Name.Space != nsDAV:
		case e.Name.Local == "response":
			if err := each(readResponse(n)); err != nil {
				return token, err
			}
		case e.Name.Local == "sync-token":
			token = strings.TrimSpace(n.text)
		}
	}
}

// errNotDAV says that something else answered than a calendar server.
var errNotDAV = errors.New("a web page answers in place of the calendar or contacts server; check the address; a network that wants a sign-in first, as in hotels and trains, answers so too")

// readResponse makes sense of one response. What is wrong with it is noted.
func readResponse(n *node) *response {
	r := &response{}
	for _, k := range n.kids {
		if k.name.Space != nsDAV {
			continue
		}
		switch k.name.Local {
		case "href":
			if href := strings.TrimSpace(k.text); r.href == "" {
				r.href = href
			} else {
				r.others = append(r.others, href)
			}
		case "status":
			if r.status = statusOf(k.text); r.status == 0 {
				r.wrong = fmt.Sprintf("the server gives a status that makes no sense: %q", printable(k.text))
			}
		case "propstat":
			r.propstat(k)
		}
	}
	if r.href == "" {
		r.wrong = "the server does not say which resource it speaks of"
	}
	return r
}

// propstat takes in the properties that were found. Those without a status are
// taken for such.
func (r *response) propstat(n *node) {
	status := 200
	if s := n.kid(nsDAV, "status"); s != nil {
		status = statusOf(s.text)
	}
	if status/100 != 2 {
		return
	}
	for _, p := range n.kids {
		if p.name.Space == nsDAV && p.name.Local == "prop" {
			r.props = append(r.props, p.kids...)
		}
	}
}

// statusOf reads "HTTP/1.1 404 Not Found", with or without the words at the end;
// 0 if there is no number in it.
func statusOf(line string) int {
	for _, word := range strings.Fields(line) {
		if len(word) == 3 {
			if n, err := strconv.Atoi(word); err == nil && n >= 100 {
				return n
			}
		}
	}
	return 0
}
