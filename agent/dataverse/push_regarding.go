package dataverse

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"postrider/offline"
)

// fault classifies a reply that is not a success.
func (c *Client) fault(op string, r reply) *offline.Fault {
	return answerFault(op, r.status, r.header, r.body, c.cfg.Now())
}

// echo is what makes a PATCH return the row's new ETag.
func (c *Client) echo(path string) (string, [][2]string) {
	off := false
	c.under(func() { off = c.noEcho })
	if off {
		return path, nil
	}
	return query(path, param{"$select", "activityid"}), [][2]string{{"Prefer", "return=representation"}}
}

// etagOf is the ETag that a reply tells, "" if none.
func etagOf(r reply) string {
	var v row
	if len(r.body) > 0 && json.Unmarshal(r.body, &v) == nil {
		if tag := v.text("@odata.etag"); tag != "" {
			return tag
		}
	}
	return r.header.Get("ETag")
}

// marshal makes JSON of a map; its values always can.
func marshal(v map[string]any) *payload {
	b, _ := json.Marshal(v)
	p := &payload{}
	p.text(b)
	return p
}

// setRegarding gives an email another regarding, or none. A closed email
// allows that (R-EMAIL-19).
type setRegarding struct {
	progress
	c    *Client
	ch   offline.Change
	read bool   // ask for the email first
	nav  string // to clear: the navigation property in use
	gone bool   // ask which of the two records is missing
}

const opRegarding = "set the regarding"

func newSetRegarding(c *Client, ch offline.Change) *setRegarding {
	// To clear it, the navigation property in use must be known first.
	return &setRegarding{progress: progress{weight: 20}, c: c, ch: ch, read: ch.Regarding.IsZero()}
}

func (t *setRegarding) parts() []part {
	email := path(t.ch.Record)
	switch {
	case t.gone:
		return []part{get(t.c.probe(t.ch.Record)), get(t.c.probe(t.ch.Regarding))}
	case t.read:
		return []part{get(query(email, param{"$select", "activityid,_regardingobjectid_value"}), [2]string{"Prefer", annotations})}
	}
	body := map[string]any{}
	if t.nav != "" {
		body[t.nav+"@odata.bind"] = nil
	} else {
		body[t.c.regardingNav(t.ch.Regarding.Kind)+"@odata.bind"] = "/" + t.c.path(t.ch.Regarding)
	}
	to, header := t.c.echo(email)
	match := t.ch.ETag
	if match == "" {
		match = "*" // whatever it is now, but never make it anew
	}
	header = append(header, [2]string{"If-Match", match})
	return []part{{ops: []op{{method: http.MethodPatch, path: to, header: header, body: marshal(body)}}}}
}

func (t *setRegarding) take(rs [][]reply) {
	r := rs[0][0]
	switch {
	case t.gone:
		t.missing(r, rs[1][0])
	case t.read:
		t.reread(r)
	case r.ok():
		t.out.ETag = etagOf(r)
		t.finish(nil)
	default:
		t.refused(t.c.fault(opRegarding, r))
	}
}

func (t *setRegarding) refused(f *offline.Fault) {
	switch {
	case t.later(f):
	case f.Class == offline.FaultStale || f.Class == offline.FaultExists:
		t.read, t.nav, t.out.Err = true, "", f
	case f.Class == offline.FaultNotFound && !t.ch.Regarding.IsZero():
		t.gone, t.out.Err = true, f
	default:
		t.finish(f)
	}
}

// reread takes the email as it is now: to learn what to clear, or whether what
// is to be written is there already, from an earlier attempt of ours.
func (t *setRegarding) reread(r reply) {
	stale := t.out.Err
	t.read, t.out.Err = false, nil
	if !r.ok() {
		if f := t.c.fault(opRegarding, r); !t.later(f) {
			t.finish(f)
		} else {
			t.read, t.out.Err = true, stale
		}
		return
	}
	var v row
	if err := decode(opRegarding, r.body, &v); err != nil {
		t.finish(err)
		return
	}
	now := v.ref("regardingobjectid", "")
	t.out.ETag = v.text("@odata.etag")
	if now.ID == strings.ToLower(t.ch.Regarding.ID) {
		t.out.Existed = stale != nil
		t.finish(nil)
		return
	}
	if stale != nil {
		t.finish(stale) // with the ETag of now, for the caller's next decision
		return
	}
	if t.nav = v.text(lookup("regardingobjectid") + navigationName); t.nav == "" {
		t.nav = t.c.regardingNav(now.Kind)
	}
	if t.nav == "" {
		t.finish(&offline.Fault{Class: offline.FaultRejected, Op: opRegarding, Text: fmt.Sprintf("the email is regarding a %s, which Postrider can't clear", now.Kind)})
	}
}

// missing finds out which of the two records is not there.
func (t *setRegarding) missing(email, regarding reply) {
	f, _ := t.out.Err.(*offline.Fault)
	t.out.Err = nil
	switch {
	case email.status == http.StatusNotFound:
		f.Text = "the email record is no longer in the CRM"
	case regarding.status == http.StatusNotFound:
		f.Text = gonePhrase(t.ch.Regarding)
	case regarding.status == http.StatusForbidden:
		f = t.c.fault(opRegarding, regarding)
	}
	t.finish(f)
}

func gonePhrase(r offline.Ref) string {
	return fmt.Sprintf("the %s that the email is to be regarding is no longer in the CRM", r.Kind)
}

// remove deletes a record. One that is not there counts as deleted: an earlier
// attempt may have got through.
type remove struct {
	progress
	c    *Client
	rec  offline.Ref
	etag string
	read bool
}

func (t *remove) parts() []part {
	if t.read {
		return []part{get(t.c.probe(t.rec))}
	}
	o := op{method: http.MethodDelete, path: t.c.path(t.rec)}
	if t.etag != "" {
		o.header = [][2]string{{"If-Match", t.etag}}
	}
	return []part{{ops: []op{o}}}
}

func (t *remove) take(rs [][]reply) {
	r := rs[0][0]
	f := t.c.fault("delete a record", r)
	switch {
	case t.read: // for the ETag of now
		if r.ok() {
			t.out.ETag = etagOf(r)
		}
		err := t.out.Err
		if r.status == http.StatusNotFound {
			err = nil
		}
		t.finish(err)
	case r.ok() || f.Class == offline.FaultNotFound:
		t.finish(nil)
	case f.Class == offline.FaultStale:
		t.read, t.out.Err = true, f
	case t.later(f):
	default:
		t.finish(f)
	}
}
