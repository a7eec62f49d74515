package localorg

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// list answers a GET of a set.
func (r *request) list(tab *Table) (*answer, error) {
	if err := r.t.allowed(tab, Read, nil); err != nil {
		return nil, err
	}
	if text, ok, err := r.fetchOption(tab); err != nil || ok {
		if err != nil {
			return nil, err
		}
		return r.fetchList(tab, text)
	}
	q, err := r.query(tab)
	if err != nil {
		return nil, err
	}
	if q.hasDlt || r.prefer.track {
		return r.changes(tab, &q)
	}
	if c, err := readCookie(q.skip); err == nil && c.Tracking {
		return r.changes(tab, &q)
	}
	return r.listOf(tab, &q)
}

func (r *request) listOf(tab *Table, q *query) (*answer, error) {
	if err := r.t.allowed(tab, Read, nil); err != nil {
		return nil, err
	}
	c, err := readCookie(q.skip)
	if err != nil {
		return nil, err
	}
	rows := r.t.find(tab, q)
	total := len(rows)
	if c.Page > 1 {
		e := &env{t: r.t}
		rows = rows[sortedAfter(rows, func(row *row) bool { return q.isAfter(e, row, c) }):]
	}
	size := r.prefer.page
	if size == 0 {
		size = maxPage
		if q.top >= 0 {
			rows = rows[:min(len(rows), q.top)]
		}
	}
	more := len(rows) > size
	if more {
		rows = rows[:size]
	}
	b := appendText([]byte(`{"@odata.context":`), r.context(tab, q, ""))
	if q.count {
		b = strconv.AppendInt(append(b, `,"@odata.count":`...), int64(min(total, maxPage)), 10)
		if r.prefer.notes.include(noteLimit) {
			b = strconv.AppendBool(append(b, `,"@`+noteLimit+`":`...), total > maxPage)
		}
	}
	if b, err = r.appendRows(b, tab, rows, q); err != nil {
		return nil, err
	}
	if more {
		next := q.cookieAfter(&env{t: r.t}, tab, rows[len(rows)-1], max(c.Page, 1)+1)
		b = appendText(append(b, `,"@odata.nextLink":`...), r.link(q, "$skiptoken", next))
	}
	return jsonAnswer(http.StatusOK, append(b, '}')), nil
}

func (r *request) appendRows(b []byte, tab *Table, rows []*row, q *query) ([]byte, error) {
	w := r.t.renderer(r.base, r.prefer.notes)
	b = append(b, `,"value":[`...)
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = w.row(b, tab, row, q, ""); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// link is the URL of this request with another token.
func (r *request) link(q *query, name, token string) string {
	parts := []string{}
	for _, o := range q.raw {
		if o.name != "$skiptoken" && o.name != "$deltatoken" {
			parts = append(parts, escape(o.name)+"="+escape(o.value))
		}
	}
	parts = append(parts, name+"="+escape(token))
	return r.base + r.path + "?" + strings.Join(parts, "&")
}

func escape(s string) string {
	s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	return strings.NewReplacer("%24", "$", "%2C", ",", "%40", "@").Replace(s)
}

func (r *request) countRows(tab *Table) (*answer, error) {
	if err := r.t.allowed(tab, Read, nil); err != nil {
		return nil, err
	}
	q, err := r.query(tab)
	if err != nil {
		return nil, err
	}
	if q.hasDlt {
		from, err := r.t.readToken(tab, q.delta)
		if err != nil {
			return nil, err
		}
		return countAnswer(len(r.t.changesSince(tab, from, r.t.o.version))), nil
	}
	return r.countOf(tab, &q)
}

func (r *request) countOf(tab *Table, q *query) (*answer, error) {
	if err := r.t.allowed(tab, Read, nil); err != nil {
		return nil, err
	}
	return countAnswer(len(r.t.find(tab, q))), nil
}

func countAnswer(n int) *answer {
	return (&answer{status: http.StatusOK, body: strconv.AppendInt(nil, int64(min(n, maxPage)), 10)}).set("Content-Type", "text/plain")
}

// cookie is what a $skiptoken carries. The service's own is XML within XML,
// escaped twice; ours has that shape, so that clients that touch it notice.
type cookie struct {
	XMLName  xml.Name `xml:"cookie"`
	Page     int      `xml:"pagenumber,attr"`
	Inner    string   `xml:"pagingcookie,attr"`
	Tracking bool     `xml:"-"`
	IsTrack  string   `xml:"istracking,attr"`

	place place
}

// place is where the next page begins.
type place struct {
	XMLName xml.Name `xml:"cookie"`
	ID      string   `xml:"last,attr"`
	Values  []string `xml:"by"` // of the columns in $orderby
	From    int64    `xml:"from,attr,omitempty"`
	Until   int64    `xml:"until,attr,omitempty"`
	Version int64    `xml:"version,attr,omitempty"`
	Gone    bool     `xml:"gone,attr,omitempty"`
	First   bool     `xml:"first,attr,omitempty"`
	At      string   `xml:"at,attr,omitempty"`
}

func (c cookie) String() string {
	inner, err := xml.Marshal(c.place)
	if err != nil {
		return ""
	}
	c.Inner = url.QueryEscape(url.QueryEscape(string(inner)))
	c.IsTrack = "False"
	if c.Tracking {
		c.IsTrack = "True"
	}
	out, err := xml.Marshal(c)
	if err != nil {
		return ""
	}
	return string(out)
}

func readCookie(s string) (c cookie, err error) {
	if s == "" {
		return c, nil
	}
	bad := badQuery("Malformed XML in the Paging Cookie")
	if xml.Unmarshal([]byte(s), &c) != nil || c.Page < 2 {
		return c, bad
	}
	inner, err := url.QueryUnescape(c.Inner)
	if err == nil {
		inner, err = url.QueryUnescape(inner)
	}
	if err != nil || xml.Unmarshal([]byte(inner), &c.place) != nil {
		return c, bad
	}
	c.Tracking = c.IsTrack == "True"
	return c, nil
}

func (q *query) cookieAfter(e *env, tab *Table, last *row, page int) string {
	c := cookie{Page: page, place: place{ID: last.id}}
	for _, o := range q.order {
		c.place.Values = append(c.place.Values, tagged(o.key(e, last)))
	}
	return c.String()
}

// tagged writes a value with its type, untagged reads it back.
func tagged(v any) string {
	switch v := v.(type) {
	case string:
		return "s" + v
	case int64:
		return "i" + strconv.FormatInt(v, 10)
	case float64:
		return "f" + strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return "b" + strconv.FormatBool(v)
	case stamp:
		return "t" + strconv.FormatInt(int64(v), 10)
	case ref:
		return "s" + v.id
	}
	return "n"
}

func untagged(s string) any {
	if s == "" {
		return nil
	}
	rest := s[1:]
	switch s[0] {
	case 's':
		return rest
	case 'i':
		n, _ := strconv.ParseInt(rest, 10, 64)
		return n
	case 'f':
		f, _ := strconv.ParseFloat(rest, 64)
		return f
	case 'b':
		return rest == "true"
	case 't':
		n, _ := strconv.ParseInt(rest, 10, 64)
		return stamp(n)
	}
	return nil
}

// isAfter reports whether a row comes after the place that a cookie names.
func (q *query) isAfter(e *env, r *row, c cookie) bool {
	for i, o := range q.order {
		if i >= len(c.place.Values) {
			break
		}
		v, w := o.key(e, r), untagged(c.place.Values[i])
		n := 0
		switch {
		case v == nil && w != nil:
			n = -1
		case v != nil && w == nil:
			n = 1
		case v != nil:
			n, _ = order(v, w)
		}
		if n != 0 {
			return (n > 0) != o.down
		}
	}
	return r.id > c.place.ID
}

// sortedAfter is the index of the first row for which after holds.
func sortedAfter(rows []*row, after func(*row) bool) int {
	i, _ := slices.BinarySearchFunc(rows, 0, func(r *row, _ int) int {
		if after(r) {
			return 1
		}
		return -1
	})
	return i
}
