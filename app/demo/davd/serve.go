package davd

import (
	"bytes"
	"crypto/subtle"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const principal = "/principal/"

// maxBody bounds what a request may bring.
const maxBody = 16 << 20

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(s.user+"\x00"+s.password)) != 1 {
		w.Header().Set("WWW-Authenticate", `Basic realm="demo"`)
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request can't be read", http.StatusBadRequest)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/.well-known/") {
		http.Redirect(w, r, principal, http.StatusMovedPermanently)
		return
	}
	w.Header().Set("DAV", "1, 3, access-control, calendar-access, addressbook")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Allow", "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, REPORT")
	case "PROPFIND":
		s.propfind(w, r)
	case "REPORT":
		s.report(w, r, body)
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		s.resource(w, r, body)
	default:
		http.Error(w, "not here", http.StatusMethodNotAllowed)
	}
}

// resource reads or writes one resource.
func (s *Server) resource(w http.ResponseWriter, r *http.Request, body []byte) {
	c := s.of(r.URL.Path)
	if c == nil || strings.HasSuffix(r.URL.Path, "/") {
		http.Error(w, "nothing there", http.StatusNotFound)
		return
	}
	it := c.live(r.URL.Path)
	writes := r.Method == http.MethodPut || r.Method == http.MethodDelete
	if want := r.Header.Get("If-Match"); writes && want != "" && (it == nil || want != "*" && want != it.etag) ||
		writes && r.Header.Get("If-None-Match") == "*" && it != nil {
		http.Error(w, "it is not so", http.StatusPreconditionFailed)
		return
	}
	if it == nil && r.Method != http.MethodPut {
		http.Error(w, "nothing there", http.StatusNotFound)
		return
	}
	switch r.Method {
	case http.MethodPut:
		if !c.takes(body) {
			refuse(w, http.StatusForbidden, c.condition())
			return
		}
		w.Header().Set("ETag", c.put(r.URL.Path, body).etag)
		if it == nil {
			w.WriteHeader(http.StatusCreated)
		} else {
			w.WriteHeader(http.StatusNoContent)
		}
	case http.MethodDelete:
		c.remove(r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("ETag", it.etag)
		w.Header().Set("Content-Type", c.contentType())
		_, _ = w.Write(it.raw)
	}
}

func (c *collection) book() bool { return len(c.Holds) == 0 }

func (c *collection) contentType() string {
	if c.book() {
		return "text/vcard; charset=utf-8"
	}
	return "text/calendar; charset=utf-8"
}

// takes reports whether a text is of the kind that the collection holds.
func (c *collection) takes(raw []byte) bool {
	if c.book() {
		return bytes.Contains(raw, []byte("BEGIN:VCARD"))
	}
	return slices.ContainsFunc(c.Holds, func(h string) bool { return bytes.Contains(raw, []byte("BEGIN:"+h)) })
}

func (c *collection) condition() string {
	if c.book() {
		return `<A:supported-address-data/>`
	}
	return `<C:supported-calendar-component/>`
}

const spaces = ` xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/" xmlns:I="http://apple.com/ns/ical/"`

func refuse(w http.ResponseWriter, status int, condition string) {
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<error%s>%s</error>", spaces, condition)
}

// answer writes a multistatus.
func answer(w http.ResponseWriter, inner string) {
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="utf-8"?>`+"\n<multistatus"+spaces+">"+inner+"</multistatus>")
}

// found is a response with properties that are all there.
func found(path, props string) string {
	return "<response><href>" + href(path) + "</href><propstat><prop>" + props + "</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
}

func missing(path string) string {
	return "<response><href>" + href(path) + "</href><status>HTTP/1.1 404 Not Found</status></response>"
}

func href(path string) string { return text((&url.URL{Path: path}).EscapedPath()) }

func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// propfind tells of the user, of collections and of what is in them. It gives
// all that it knows, whatever was asked for.
func (s *Server) propfind(w http.ResponseWriter, r *http.Request) {
	path, deep := r.URL.Path, r.Header.Get("Depth") == "1"
	var b strings.Builder
	switch c := s.colls[path]; {
	case c != nil:
		b.WriteString(found(path, s.about(c)))
		for _, p := range c.paths() {
			if it := c.live(p); deep && it != nil {
				b.WriteString(found(p, "<getetag>"+text(it.etag)+"</getetag><resourcetype/>"))
			}
		}
	case path == "/" || path == principal:
		b.WriteString(found(path, s.me()))
	case path == "/calendars/" || path == "/contacts/":
		b.WriteString(found(path, s.me()))
		var inside []string
		for p := range s.colls {
			if strings.HasPrefix(p, path) && deep {
				inside = append(inside, p)
			}
		}
		slices.Sort(inside)
		for _, p := range inside {
			b.WriteString(found(p, s.about(s.colls[p])))
		}
	default:
		if c := s.of(path); c != nil && c.live(path) != nil {
			b.WriteString(found(path, "<getetag>"+text(c.live(path).etag)+"</getetag><resourcetype/>"))
			break
		}
		http.Error(w, "nothing there", http.StatusNotFound)
		return
	}
	answer(w, b.String())
}

// me is what leads to the user's collections.
func (s *Server) me() string {
	return "<resourcetype><collection/></resourcetype><current-user-principal><href>" + principal + "</href></current-user-principal>" +
		"<C:calendar-home-set><href>/calendars/</href></C:calendar-home-set><A:addressbook-home-set><href>/contacts/</href></A:addressbook-home-set>" +
		"<C:calendar-user-address-set><href>" + text(s.address) + "</href></C:calendar-user-address-set>"
}

func (s *Server) about(c *collection) string {
	kind, set := "<A:addressbook/>", ""
	if !c.book() {
		kind = "<C:calendar/>"
		set = "<C:supported-calendar-component-set>"
		for _, h := range c.Holds {
			set += `<C:comp name="` + text(h) + `"/>`
		}
		set += "</C:supported-calendar-component-set>"
	}
	if c.Color != "" {
		set += "<I:calendar-color>" + text(c.Color) + "</I:calendar-color>"
	}
	return "<resourcetype><collection/>" + kind + "</resourcetype><displayname>" + text(c.Name) + "</displayname>" + set +
		"<current-user-privilege-set><privilege><all/></privilege></current-user-privilege-set>" +
		"<supported-report-set><supported-report><report><sync-collection/></report></supported-report></supported-report-set>" +
		"<sync-token>" + text(s.token(c)) + "</sync-token><S:getctag>" + text(s.token(c)) + "</S:getctag>"
}

// asked is a REPORT's body.
type asked struct {
	XMLName xml.Name
	Token   string   `xml:"DAV: sync-token"`
	Hrefs   []string `xml:"DAV: href"`
}

func (s *Server) report(w http.ResponseWriter, r *http.Request, body []byte) {
	c := s.colls[r.URL.Path]
	var q asked
	switch {
	case c == nil:
		http.Error(w, "nothing there", http.StatusNotFound)
		return
	case xml.Unmarshal(body, &q) != nil:
		http.Error(w, "the request can't be read", http.StatusBadRequest)
		return
	}
	switch q.XMLName.Local {
	case "sync-collection":
		s.changes(w, c, strings.TrimSpace(q.Token))
	case "calendar-multiget", "addressbook-multiget":
		s.multiget(w, c, q.Hrefs)
	default:
		refuse(w, http.StatusForbidden, "<supported-report/>")
	}
}

// changes answers what has changed since a token.
func (s *Server) changes(w http.ResponseWriter, c *collection, token string) {
	seq, ok := s.since(token, c)
	if !ok {
		refuse(w, http.StatusForbidden, "<valid-sync-token/>")
		return
	}
	var b strings.Builder
	for _, p := range c.paths() {
		switch it := c.items[p]; {
		case it.seq <= seq:
		case !it.gone:
			b.WriteString(found(p, "<getetag>"+text(it.etag)+"</getetag>"))
		case seq > 0:
			b.WriteString(missing(p))
		}
	}
	answer(w, b.String()+"<sync-token>"+text(s.token(c))+"</sync-token>")
}

func (s *Server) multiget(w http.ResponseWriter, c *collection, hrefs []string) {
	element := "C:calendar-data"
	if c.book() {
		element = "A:address-data"
	}
	var b strings.Builder
	for _, h := range hrefs {
		u, err := url.Parse(strings.TrimSpace(h))
		if err != nil {
			continue
		}
		if it := c.live(u.Path); it != nil {
			b.WriteString(found(u.Path, "<getetag>"+text(it.etag)+"</getetag><"+element+">"+text(string(it.raw))+"</"+element+">"))
		} else {
			b.WriteString(missing(u.Path))
		}
	}
	answer(w, b.String())
}
