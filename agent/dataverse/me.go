package dataverse

import (
	"context"
	"strings"

	"postrider/offline"
)

// question is a row or a listing asked for by columns, some of which an older
// server may not have.
type question struct {
	logical string
	path    string
	columns []string
	params  func() []param // built anew each time: a filter must not name a missing column either

	row    row    // the (first) row of the answer
	body   []byte // the whole answer
	denied bool
	absent bool // not there, or the server does not know the question
	err    *offline.Fault
	done   bool
	bare   bool // asked without a column list, as the last resort
}

func (q *question) part(c *Client) part {
	var params []param
	if q.params != nil {
		params = q.params()
	}
	if len(q.columns) > 0 && !q.bare {
		params = append([]param{{"$select", strings.Join(c.without(q.logical, q.columns), ",")}}, params...)
	}
	return get(query(q.path, params...))
}

// take reads the answer; the question stays open where a column has to be
// left out of it first.
func (q *question) take(c *Client, what string, r reply) {
	q.done = true
	if r.ok() {
		var v struct {
			Value []row `json:"value"`
		}
		q.body = r.body
		if err := decode(what, r.body, &q.row); err != nil {
			q.err = carryFault(what, err)
			return
		}
		if _, many := q.row["value"].([]any); many {
			q.row = nil
			if decode(what, r.body, &v) == nil && len(v.Value) > 0 {
				q.row = v.Value[0]
			}
		}
		q.absent = len(q.row) == 0
		return
	}
	f := answerFault(what, r.status, r.header, r.body, c.cfg.Now())
	if col := unknownColumn(f); col != "" && c.forgo(q.logical, col) {
		q.done = false
		return
	}
	switch f.Class {
	case offline.FaultDenied:
		q.denied = true
	case offline.FaultNotFound, offline.FaultProtocol:
		q.absent = true
	case offline.FaultRejected:
		if len(q.columns) > 0 && !q.bare {
			q.bare, q.done = true, false
			return
		}
		q.absent = true
	}
	q.err = f
}

// ask puts the questions in one batch, and those that have to be put
// differently in another one.
func (c *Client) ask(ctx context.Context, what string, qs ...*question) error {
	for range 20 {
		var open []*question
		var parts []part
		for _, q := range qs {
			if !q.done {
				open = append(open, q)
				parts = append(parts, q.part(c))
			}
		}
		if len(open) == 0 {
			break
		}
		got, err := c.batch(ctx, what, parts)
		if err != nil {
			return err
		}
		for i, q := range open {
			q.take(c, what, got[i][0])
		}
	}
	return nil
}

// asMe filters by the caller.
func asMe() []param {
	return []param{{"$filter", "Microsoft.Dynamics.CRM.EqualUserId(PropertyName='systemuserid')"}}
}

var (
	userColumns     = []string{"fullname", "internalemailaddress"}
	settingsColumns = []string{"incomingemailfilteringmethod"}
	orgColumns      = []string{"trackingprefix", "trackingtokeniddigits", "maximumtrackingnumber", "emailcorrelationenabled",
		"maxuploadfilesize", "blockedattachments", "unresolveemailaddressifmultiplematch", "ignoreinternalemail"}
)

// Me says who is signed in and which options bear on tracking, in one request
// where the server can filter by the caller, in two where it can't.
func (c *Client) Me(ctx context.Context) (offline.User, error) {
	const what = "ask who is signed in"
	who := &question{path: "WhoAmI"}
	org := &question{logical: "organization", path: "organizations", columns: orgColumns}
	ver := &question{path: "RetrieveVersion()"}
	usr := &question{logical: "systemuser", path: "systemusers", columns: userColumns, params: asMe}
	set := &question{logical: "usersettings", path: "usersettingscollection", columns: settingsColumns, params: asMe}
	if err := c.ask(ctx, what, who, org, ver, usr, set); err != nil {
		return offline.User{}, err
	}
	if who.err != nil {
		return offline.User{}, who.err
	}
	id := strings.ToLower(who.row.text("UserId"))
	if !wholeGUID.MatchString(id) {
		return offline.User{}, &offline.Fault{Class: offline.FaultProtocol, Op: what, Text: "the server does not say who is signed in"}
	}
	if usr.denied || usr.absent || usr.err != nil || strings.ToLower(usr.row.text("systemuserid")) != id {
		usr = &question{logical: "systemuser", path: "systemusers(" + id + ")", columns: userColumns}
	}
	if set.denied || set.absent || set.err != nil || strings.ToLower(set.row.text("systemuserid")) != id {
		set = &question{logical: "usersettings", path: "usersettingscollection(" + id + ")", columns: settingsColumns}
	}
	if err := c.ask(ctx, what, usr, set); err != nil {
		return offline.User{}, err
	}
	for _, q := range []*question{org, usr, set} {
		// What we may not read or the server does not have stays unknown; a
		// failure of the moment must not look like that.
		if q.err != nil && q.err.Class.Transient() {
			return offline.User{}, q.err
		}
	}
	u := offline.User{
		ID: id, Name: usr.row.text("fullname"), Address: usr.row.text("internalemailaddress"),
		Organization: strings.ToLower(who.row.text("OrganizationId")),
		Version:      ver.row.text("Version"),
		Options:      options(org.row, set.row),
	}
	if u.Version == "" {
		u.Version = c.Version()
	}
	c.under(func() { c.opts = u.Options })
	return u, nil
}

// filters by usersettings.incomingemailfilteringmethod.
var filters = []string{"all", "replies", "people", "records", "none"}

func options(org, settings row) offline.Options {
	o := offline.Options{
		CorrelateHeader: org["emailcorrelationenabled"] == nil || org.yes("emailcorrelationenabled"),
		MaxAttachment:   org.number("maxuploadfilesize"),
		UnresolveMany:   org.yes("unresolveemailaddressifmultiplematch"),
	}
	if v, ok := org["ignoreinternalemail"].(bool); ok {
		o.TwoActivities = !v
	}
	if settings["incomingemailfilteringmethod"] != nil {
		if n := settings.number("incomingemailfilteringmethod"); n >= 0 && n < int64(len(filters)) {
			o.Filter = filters[n]
		}
	}
	// The column holds the prefixes used so far, the current one first; an
	// empty one means that tokens are off.
	o.TokenPrefixes = split(org.text("trackingprefix"))
	if len(o.TokenPrefixes) > 0 {
		o.TokenDigits = tokenDigits(org)
	}
	for _, ext := range split(strings.ToLower(org.text("blockedattachments"))) {
		o.Blocked = append(o.Blocked, strings.TrimPrefix(ext, "."))
	}
	return o
}

// tokenDigits is the length of a token's number: one digit online/offline, the
// user's (three by default) and the counter's, whose ceiling tells its length
// (999 by default).
func tokenDigits(org row) int {
	user := int(org.number("trackingtokeniddigits"))
	if user <= 0 || user > 10 {
		user = 3
	}
	counter := len(org.text("maximumtrackingnumber"))
	if counter == 0 || counter > 9 {
		counter = 3
	}
	return 1 + user + counter
}

func split(s string) (out []string) {
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}
