package dataverse

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"postrider/offline"
)

// Types of queries: synchronization filters for this kind of client, of a user and
// of the organization, and templates of them (vendor's guide: offline and Outlook
// filters and templates).
const (
	queryOutlook         = 256
	queryOutlookTemplate = 131072
)

// filtered is a table that filters are about.
type filtered struct {
	kind             offline.Kind
	logical, set, id string
}

// itemTables are the kinds that filters are about.
var itemTables = []filtered{
	{offline.KindContact, "contact", "contacts", "contactid"},
	{offline.KindAppointment, "appointment", "appointments", "activityid"},
	{offline.KindSeries, "recurringappointmentmaster", "recurringappointmentmasters", "activityid"},
	{offline.KindTask, "task", "tasks", "activityid"},
}

func itemTable(k offline.Kind) (filtered, bool) {
	for _, t := range itemTables {
		if t.kind == k {
			return t, true
		}
	}
	return filtered{}, false
}

// Filters are the user's own filters and those of the organization that hold
// for everybody (R-FILTER-04). Others' filters are neither asked for nor seen
// (R-FILTER-12). Where the user may not read those of the organization, or it
// has none, there are only the user's.
func (c *Client) Filters(ctx context.Context) ([]offline.SyncFilter, error) {
	const what = "ask for the synchronization filters"
	columns := []string{"name", "returnedtypecode", "fetchxml", "statecode"}
	mine := &question{logical: "userquery", path: "userqueries", columns: append([]string{"userqueryid"}, columns...), params: func() []param {
		return []param{{"$filter", "querytype eq " + fmt.Sprint(queryOutlook) + " and Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')"}}
	}}
	system := &question{logical: "savedquery", path: "savedqueries", columns: append([]string{"savedqueryid"}, columns...), params: func() []param {
		return []param{{"$filter", "querytype eq " + fmt.Sprint(queryOutlook)}}
	}}
	if err := c.ask(ctx, what, mine, system); err != nil {
		return nil, err
	}
	if mine.err != nil {
		return nil, mine.err
	}
	if f := system.err; f != nil && (f.Class.Transient() || f.Class == offline.FaultAuth) {
		return nil, f
	}
	var out []offline.SyncFilter
	for _, from := range []struct {
		q      *question
		id     string
		system bool
	}{{mine, "userqueryid", false}, {system, "savedqueryid", true}} {
		for _, r := range rowsOf(from.q) {
			if f := filterOf(r, from.id); f.Kind != "" && f.ID != "" { // filters of phone calls, letters and faxes are nothing to us
				f.System = from.system
				out = append(out, f)
			}
		}
	}
	slices.SortFunc(out, func(a, b offline.SyncFilter) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

func filterOf(r row, id string) offline.SyncFilter {
	f := offline.SyncFilter{ID: strings.ToLower(r.text(id)), Name: r.text("name"), Query: r.text("fetchxml"), Active: r.number("statecode") == 0}
	for _, t := range itemTables {
		if t.logical == r.text("returnedtypecode") {
			f.Kind = t.kind
		}
	}
	return f
}

// listing is one filter's ids under way.
type listing struct {
	filter offline.SyncFilter
	set    string
	id     string
	page   int
	cookie string
}

// Members are, for each of these kinds, the ids of the records that those of the
// filters that are active let in: their union (R-FILTER-05). All filters are asked
// in one batch, their further pages in the next ones together. A filter that the
// server does not answer fails the whole: without it records would seem to have left.
func (c *Client) Members(ctx context.Context, filters []offline.SyncFilter, kinds []offline.Kind) ([]offline.Members, error) {
	const what = "ask which records the synchronization filters let in"
	var open []*listing
	for _, f := range filters {
		if t, ok := itemTable(f.Kind); ok && f.Active && slices.Contains(kinds, f.Kind) && f.Query != "" {
			open = append(open, &listing{filter: f, set: t.set, id: t.id, page: 1})
		}
	}
	found := map[offline.Kind][]string{}
	for range maxRounds {
		if len(open) == 0 {
			return membersOf(c, kinds, found), nil
		}
		parts := make([]part, len(open))
		for i, l := range open {
			parts[i] = get(query(l.set, param{"fetchXml", l.query()}),
				[2]string{"Prefer", `odata.include-annotations="Microsoft.Dynamics.CRM.fetchxmlpagingcookie,Microsoft.Dynamics.CRM.morerecords"`})
		}
		got, err := c.batch(ctx, what, parts)
		if err != nil {
			return nil, err
		}
		var more []*listing
		for i, l := range open {
			ids, again, err := l.take(c, what, got[i][0])
			if err != nil {
				return nil, err
			}
			found[l.filter.Kind] = append(found[l.filter.Kind], ids...)
			if again {
				more = append(more, l)
			}
		}
		open = more
	}
	return nil, protocol("the server's pages have no end")
}

func membersOf(c *Client, kinds []offline.Kind, found map[offline.Kind][]string) []offline.Members {
	out := make([]offline.Members, len(kinds))
	for i, k := range kinds {
		ids := found[k]
		slices.Sort(ids)
		out[i] = offline.Members{Kind: k, IDs: slices.Compact(ids), At: c.cfg.Now().UTC()}
	}
	return out
}

var (
	fetchTag  = regexp.MustCompile(`<fetch\b[^>]*>`)
	pageAttrs = regexp.MustCompile(`\s(?:count|page|paging-cookie)\s*=\s*(?:"[^"]*"|'[^']*')`)
	topAttr   = regexp.MustCompile(`\stop\s*=`)
)

// query is the filter's FetchXML, for the page that comes next. One that bounds
// its rows itself has no pages.
func (l *listing) query() string {
	return replaceFirst(fetchTag, l.filter.Query, func(tag string) string {
		if topAttr.MatchString(tag) {
			return tag
		}
		head := strings.TrimSuffix(strings.TrimSuffix(pageAttrs.ReplaceAllString(tag, ""), ">"), "/")
		head += fmt.Sprintf(` count="%d" page="%d"`, maxPage, l.page)
		if l.cookie != "" {
			var b strings.Builder
			_ = xml.EscapeText(&b, []byte(l.cookie)) // a Builder takes everything
			head += ` paging-cookie="` + b.String() + `"`
		}
		return head + ">"
	})
}

func replaceFirst(re *regexp.Regexp, s string, with func(string) string) string {
	at := re.FindStringIndex(s)
	if at == nil {
		return s
	}
	return s[:at[0]] + with(s[at[0]:at[1]]) + s[at[1]:]
}

// take reads one page. Whether there is another one is said in an annotation,
// and by a full page where the server gives none.
func (l *listing) take(c *Client, what string, r reply) (ids []string, more bool, err error) {
	if r.status != http.StatusOK {
		f := answerFault(what, r.status, r.header, r.body, c.cfg.Now())
		f.Op = fmt.Sprintf("%s: the filter %q", what, l.filter.Name)
		return nil, false, f
	}
	var pg struct {
		Rows   []row  `json:"value"`
		Cookie string `json:"@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"`
		More   *bool  `json:"@Microsoft.Dynamics.CRM.morerecords"`
	}
	if err := decode(what, r.body, &pg); err != nil {
		return nil, false, err
	}
	for _, row := range pg.Rows {
		if id := strings.ToLower(row.text(l.id)); id != "" {
			ids = append(ids, id)
		}
	}
	l.page++
	l.cookie = innerCookie(pg.Cookie)
	more = (pg.More != nil && *pg.More || pg.Cookie != "" || len(pg.Rows) >= maxPage) && len(pg.Rows) > 0
	return ids, more && !topAttr.MatchString(fetchTag.FindString(l.filter.Query)), nil
}

// innerCookie is what goes into the next question: the cookie within the
// cookie, which is escaped twice ("Page results": FetchXML).
func innerCookie(s string) string {
	var outer struct {
		Inner string `xml:"pagingcookie,attr"`
	}
	if s == "" || xml.Unmarshal([]byte(s), &outer) != nil {
		return ""
	}
	inner, err := url.QueryUnescape(outer.Inner)
	if err == nil {
		inner, err = url.QueryUnescape(inner)
	}
	if err != nil {
		return ""
	}
	return inner
}
