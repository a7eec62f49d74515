package localorg

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	noteCookie = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
	noteMore   = "Microsoft.Dynamics.CRM.morerecords"
)

// fetchOption is the query that a request on a set names instead of $filter and
// its like: FetchXML, or the id of a saved or personal query.
func (r *request) fetchOption(tab *Table) (text string, ok bool, err error) {
	opts, err := splitOptions(r.rawQuery)
	if err != nil {
		return "", false, err
	}
	for _, o := range opts {
		switch o.name {
		case "fetchXml":
			text, ok = o.value, true
		case "savedQuery", "userQuery":
			if text, err = r.t.queryText(strings.ToLower(strings.TrimSuffix(o.name, "Query")), o.value); err != nil {
				return "", false, err
			}
			ok = true
		}
	}
	if ok && len(opts) > 1 {
		return "", false, badQuery("The query parameters of FetchXML can't be combined with others.")
	}
	return text, ok, nil
}

// queryText is the FetchXML of a saved or personal query.
func (t *tx) queryText(kind, id string) (string, error) {
	tab := t.o.schema.byName[kind+"query"]
	r := t.row(tab.Name, strings.ToLower(strings.Trim(id, "{}")))
	if r == nil || !t.visible(tab, r) {
		return "", missing(tab.Name, id)
	}
	return r.text(tab.cols["fetchxml"]), t.allowed(tab, Read, r)
}

// fetchList answers a query in FetchXML.
func (r *request) fetchList(tab *Table, text string) (*answer, error) {
	q, err := readFetch(text)
	if err != nil {
		return nil, err
	}
	c, err := r.t.compileFetch(q)
	if err != nil {
		return nil, err
	}
	if c.tab != tab {
		return nil, badQuery("The entity '%s' of the FetchXML is not the one that is asked for, '%s'.", c.tab.Name, tab.Name)
	}
	rows := c.rows(r.t)
	total := len(rows)
	size := min(maxPage, q.count)
	if size == 0 {
		size = maxPage
	}
	if q.top > 0 {
		rows = rows[:min(len(rows), q.top)]
	}
	page := max(1, q.page)
	rows, more, err := cutPage(rows, page, size, q.cookie, len(c.query.order) == 0)
	if err != nil {
		return nil, err
	}
	b := appendText([]byte(`{"@odata.context":`), r.context(tab, &c.query, ""))
	if r.prefer.notes.include(noteTotal) {
		if !q.wantTotal {
			total = -1
		}
		b = strconv.AppendInt(append(b, `,"@`+noteTotal+`":`...), int64(min(total, maxPage)), 10)
		b = strconv.AppendBool(append(b, `,"@`+noteLimit+`":`...), total > maxPage)
	}
	if more && r.prefer.notes.include(noteMore) {
		b = append(b, `,"@`+noteMore+`":true`...)
	}
	if more && r.prefer.notes.include(noteCookie) {
		b = appendText(append(b, `,"@`+noteCookie+`":`...), fetchCookie(tab, rows, page))
	}
	if b, err = r.appendRows(b, tab, rows, &c.query); err != nil {
		return nil, err
	}
	return jsonAnswer(http.StatusOK, append(b, '}')), nil
}

// rows are those that the query asks for, in its order.
func (c *compiledFetch) rows(t *tx) []*row {
	rows := t.find(c.tab, &c.query)
	if len(c.links) == 0 {
		return rows
	}
	e := &env{t: t}
	var out []*row
	for _, r := range rows {
		n := t.linked(e, r, c.links)
		if c.distinct {
			n = min(n, 1)
		}
		for range n {
			out = append(out, r)
		}
	}
	return out
}

// pagingCookie is what a paging cookie says: the last row of the page before.
type pagingCookie struct {
	XMLName xml.Name `xml:"cookie"`
	Page    int      `xml:"page,attr"`
	Keys    []struct {
		Last string `xml:"last,attr"`
	} `xml:",any"`
}

// cutPage is the page asked for. A cookie, where no order is asked for, makes it
// go on after the row that it names, whatever has come or gone since.
func cutPage(rows []*row, page, size int, cookie string, byID bool) (out []*row, more bool, err error) {
	from := (page - 1) * size
	if cookie != "" && page > 1 {
		var c pagingCookie
		if xml.Unmarshal([]byte(cookie), &c) != nil || len(c.Keys) == 0 {
			return nil, false, badQuery("Malformed XML in the Paging Cookie")
		}
		if last := strings.ToLower(strings.Trim(c.Keys[len(c.Keys)-1].Last, "{}")); byID {
			from = sortedAfter(rows, func(r *row) bool { return r.id > last })
		}
	}
	rows = rows[min(from, len(rows)):]
	if len(rows) > size {
		return rows[:size], true, nil
	}
	return rows, false, nil
}

// fetchCookie has the shape of the service's own: XML within XML, escaped twice.
func fetchCookie(tab *Table, rows []*row, page int) string {
	first, last := rows[0].id, rows[len(rows)-1].id
	inner := `<cookie page="` + strconv.Itoa(page) + `"><` + tab.Key + ` last="{` + strings.ToUpper(last) + `}" first="{` + strings.ToUpper(first) + `}" /></cookie>`
	return `<cookie pagenumber="` + strconv.Itoa(page+1) + `" pagingcookie="` + url.QueryEscape(url.QueryEscape(inner)) + `" istracking="False" />`
}
