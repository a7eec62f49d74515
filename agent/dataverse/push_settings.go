package dataverse

import (
	"fmt"
	"net/http"
	"strings"

	"postrider/offline"
)

// setColumns writes some columns of one row and nothing else of it. What is
// written does not depend on what was there, so a repeat does no harm; where
// the write is conditional, a row that changed meanwhile is read, and written
// again only if it does not hold the values already.
type setColumns struct {
	progress
	c    *Client
	what string
	path string // "": the row is the user's own; who that is must be asked first
	mine func(id string) string
	etag string // "": whatever the row is now
	body map[string]any
	read bool
	done func() // the server has the values
}

func (t *setColumns) parts() []part {
	switch {
	case t.path == "":
		return []part{get("WhoAmI")}
	case t.read:
		return []part{get(t.path)} // few columns are known to every version; the whole row is
	}
	match := t.etag
	if match == "" {
		match = "*" // never make it anew
	}
	return []part{{ops: []op{{method: http.MethodPatch, path: t.path, header: [][2]string{{"If-Match", match}}, body: marshal(t.body)}}}}
}

func (t *setColumns) take(rs [][]reply) {
	r := rs[0][0]
	if !r.ok() {
		f := t.c.fault(t.what, r)
		switch {
		case t.later(f):
		case f.Class == offline.FaultStale && !t.read && t.tries < retries:
			t.tries++
			t.read = true
		default:
			t.finish(f)
		}
		return
	}
	switch {
	case t.path == "":
		t.whoAmI(r)
	case t.read:
		t.reread(r)
	default:
		t.out.ETag = etagOf(r)
		t.succeed()
	}
}

func (t *setColumns) succeed() {
	if t.done != nil {
		t.done()
	}
	t.finish(nil)
}

func (t *setColumns) whoAmI(r reply) {
	var v row
	if err := decode(t.what, r.body, &v); err != nil {
		t.finish(err)
		return
	}
	id := strings.ToLower(v.text("UserId"))
	if !wholeGUID.MatchString(id) {
		t.finish(&offline.Fault{Class: offline.FaultProtocol, Op: t.what, Text: "the server does not say who is signed in"})
		return
	}
	t.path = t.mine(id)
}

func (t *setColumns) reread(r reply) {
	var v row
	if err := decode(t.what, r.body, &v); err != nil {
		t.finish(err)
		return
	}
	t.read, t.etag, t.out.ETag = false, v.text("@odata.etag"), v.text("@odata.etag")
	for col, want := range t.body {
		if v.text(col) != fmt.Sprint(want) {
			return // written again, on condition of what was read
		}
	}
	t.out.Existed = true
	t.succeed()
}

// newSetOptions writes the user's own choices to usersettings, where the web
// client reads them (R-OPTIONS-09, -11).
func newSetOptions(c *Client, ch offline.Change) task {
	t := &setColumns{progress: progress{weight: 20}, c: c, what: "write your options to the CRM", etag: ch.ETag, body: map[string]any{},
		mine: func(id string) string { return "usersettingscollection(" + id + ")" }}
	var user offline.Ref
	c.under(func() { user = c.user })
	if !user.IsZero() {
		t.path = t.mine(user.ID)
	}
	var filter, auto *string
	for word, value := range ch.Fields {
		n, ok := 0, false
		switch word {
		case "filter":
			filter = &value
			n, ok = choice(filters, value)
			t.body["incomingemailfilteringmethod"] = n
		case "auto_create":
			if value == "none" {
				value = ""
			}
			auto = &value
			n, ok = choice(created, offline.Kind(value))
			t.body["autocreatecontactonpromote"] = n
		}
		if !ok {
			return unwritable(fmt.Sprintf("the CRM knows no option %s = %q", word, value))
		}
	}
	if len(t.body) == 0 {
		return unwritable("there is no option to write")
	}
	t.done = func() {
		c.under(func() {
			if filter != nil {
				c.opts.Filter = *filter
			}
			if auto != nil {
				c.opts.AutoCreate = offline.Kind(*auto)
			}
		})
	}
	return t
}

// newSetMethods assigns who moves the user's mail (R-METHOD-01): in the mailbox
// record, or in the user's own row where there are no such records. What the
// administrator approved and tested for another method has to be so again;
// the server sees to that.
func newSetMethods(c *Client, ch offline.Change) task {
	t := &setColumns{progress: progress{weight: 20}, c: c, what: "write the synchronization methods to the CRM", etag: ch.ETag, body: map[string]any{},
		mine: func(id string) string { return "systemusers(" + id + ")" }}
	if !ch.Record.IsZero() {
		if t.path = path(offline.Ref{Kind: KindMailbox, ID: ch.Record.ID}); t.path == "" {
			return unwritable(ch.Record.String() + " is no mailbox record")
		}
	}
	for word, value := range ch.Fields {
		n, ok := 0, false
		switch m := offline.Method(value); word {
		case "incoming":
			n, ok = choice(incomingMethods, m)
			t.body["incomingemaildeliverymethod"] = n
		case "outgoing":
			n, ok = choice(outgoingMethods, m)
			t.body["outgoingemaildeliverymethod"] = n
		case "act":
			n, ok = choice(actMethods, m)
			t.body["actdeliverymethod"] = n
		}
		if !ok {
			return unwritable(fmt.Sprintf("the CRM knows no method %s = %q", word, value))
		}
	}
	if len(t.body) == 0 {
		return unwritable("there is no method to write")
	}
	return t
}

// unwritable is a write that can't go out, and why.
func unwritable(text string) task {
	p := &refused{}
	p.finish(&offline.Fault{Class: offline.FaultRejected, Op: "write to the CRM", Text: text})
	return p
}
