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
	lacked int  // columns that the server turned out not to have
}

// maxLacked is how many columns are left out one by one. Each costs a request,
// so an old server is then asked for all that it has of the row.
const maxLacked = 4

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
		q.lacked++
		q.bare = q.lacked >= maxLacked
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

// asMe filters by the caller: column is one that names a user.
func asMe(column string) func() []param {
	return func() []param {
		return []param{{"$filter", "Microsoft.Dynamics.CRM.EqualUserId(PropertyName='" + column + "')"}}
	}
}

// me is what Me asks.
type me struct {
	who, org, version, user, settings, box, body, access *question
}

// Me says who is signed in and which options bear on tracking. That is one
// request, two where the server can't filter by the caller and at the first
// time, for what the caller may do can be asked of a known one only.
func (c *Client) Me(ctx context.Context) (offline.User, error) {
	const what = "ask who is signed in"
	m := &me{
		who:      &question{path: "WhoAmI"},
		org:      &question{logical: "organization", path: "organizations", columns: orgColumns},
		version:  &question{path: "RetrieveVersion()"},
		user:     &question{logical: "systemuser", path: "systemusers", columns: userColumns, params: asMe("systemuserid")},
		settings: &question{logical: "usersettings", path: "usersettingscollection", columns: settingsColumns, params: asMe("systemuserid")},
		box:      &question{logical: "mailbox", path: "mailboxes", columns: mailboxColumns, params: asMe("regardingobjectid")},
		body:     &question{path: "EntityDefinitions(LogicalName='email')/Attributes(LogicalName='description')/Microsoft.Dynamics.CRM.MemoAttributeMetadata?$select=MaxLength"},
	}
	ask := []*question{m.who, m.org, m.version, m.user, m.settings, m.box, m.body}
	var guess string
	c.under(func() { guess = c.accessPath })
	if guess != "" {
		m.access = &question{path: guess}
		ask = append(ask, m.access)
	}
	able := c.abilities()
	ask = append(ask, able.questions()...)
	if err := c.ask(ctx, what, ask...); err != nil {
		return offline.User{}, err
	}
	if m.who.err != nil {
		return offline.User{}, m.who.err
	}
	id := strings.ToLower(m.who.row.text("UserId"))
	if !wholeGUID.MatchString(id) {
		return offline.User{}, &offline.Fault{Class: offline.FaultProtocol, Op: what, Text: "the server does not say who is signed in"}
	}
	if err := c.ask(ctx, what, m.again(id)...); err != nil {
		return offline.User{}, err
	}
	if path := m.accessTo(id); path != guess {
		m.access = &question{path: path}
		if err := c.ask(ctx, what, m.access); err != nil {
			return offline.User{}, err
		}
		c.under(func() { c.accessPath = path })
	}
	for _, q := range []*question{m.org, m.user, m.settings, m.box, m.access} {
		// What we may not read or the server does not have stays unknown; a
		// failure of the moment must not look like that.
		if q.err != nil && q.err.Class.Transient() {
			return offline.User{}, q.err
		}
	}
	u := offline.User{
		ID: id, Name: m.user.row.text("fullname"), Address: m.user.row.text("internalemailaddress"),
		Organization: strings.ToLower(m.who.row.text("OrganizationId")),
		Version:      m.version.row.text("Version"),
		Options:      options(m.org.row, m.settings.row),
	}
	u.Options.Methods = m.methods()
	u.Options.MaxBody = int(m.body.row.number("MaxLength"))
	if u.Version == "" {
		u.Version = c.Version()
	}
	if err := c.takeAbilities(ctx, id, able, &u.Options); err != nil {
		return offline.User{}, err
	}
	c.under(func() { c.opts, c.user = u.Options, offline.Ref{Kind: offline.KindUser, ID: id} })
	return u, nil
}

// again are the questions that the server could not answer by filtering for
// the caller, put by the caller's id.
func (m *me) again(id string) (ask []*question) {
	other := func(q *question, column string) bool {
		return q.denied || q.absent || q.err != nil || strings.ToLower(q.row.text(column)) != id
	}
	if other(m.user, "systemuserid") {
		m.user = &question{logical: "systemuser", path: "systemusers(" + id + ")", columns: userColumns}
		ask = append(ask, m.user)
	}
	if other(m.settings, "systemuserid") {
		m.settings = &question{logical: "usersettings", path: "usersettingscollection(" + id + ")", columns: settingsColumns}
		ask = append(ask, m.settings)
	}
	// An empty listing is an answer: there is no mailbox record.
	if m.box.err != nil && !m.box.denied {
		m.box = &question{logical: "mailbox", path: "mailboxes", columns: mailboxColumns, params: func() []param {
			return []param{{"$filter", "_regardingobjectid_value eq " + id}}
		}}
		ask = append(ask, m.box)
	}
	return ask
}

// mailbox is the id of the caller's mailbox record, "" if there is none.
func (m *me) mailbox() string {
	id := strings.ToLower(m.box.row.text("mailboxid"))
	if !wholeGUID.MatchString(id) {
		return ""
	}
	return id
}

// accessTo asks what the caller may do with the record that holds the methods.
func (m *me) accessTo(id string) string {
	target := "systemusers(" + id + ")"
	if box := m.mailbox(); box != "" {
		target = "mailboxes(" + box + ")"
	}
	return query("systemusers("+id+")/Microsoft.Dynamics.CRM.RetrievePrincipalAccess(Target=@t)", param{"@t", "{'@odata.id':'" + target + "'}"})
}

// methods are those of the mailbox record; before there were such records (CRM
// 2011) they were columns of the user. An unknown right to change counts as none.
func (m *me) methods() offline.Methods {
	r, id := m.box.row, m.mailbox()
	if id == "" {
		r = m.user.row
	}
	return offline.Methods{
		Mailbox:   id,
		Incoming:  methodOf(r, "incomingemaildeliverymethod", incomingMethods),
		Outgoing:  methodOf(r, "outgoingemaildeliverymethod", outgoingMethods),
		ACT:       methodOf(r, "actdeliverymethod", actMethods),
		MayChange: strings.Contains(m.access.row.text("AccessRights"), "WriteAccess"),
	}
}
