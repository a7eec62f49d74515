package dataverse

import (
	"fmt"
	"net/http"

	"postrider/offline"
)

// outcome tells the CRM what became of an email that it left to us to send:
// Sent, with the Message-ID and token under which it went, or Failed
// (R-EMAIL-28: the user finds it there, open, and can correct and send it again).
//
// An email that waits to be sent counts as closed, so its columns are read-only
// as far as the reference says; how strict a server is about it, and how its
// state may be changed, depends on its version. The ways are tried in the order
// of how much they keep, each once; in between the email is looked at, so that
// an earlier attempt of ours that got through is recognised:
//
//	sent:   state and columns at once > as a draft that is closed again >
//	        SendEmail without sending > the state alone
//	failed: Failed > a draft
type outcome struct {
	progress
	c      *Client
	ch     offline.Change
	way    int
	look   bool
	etag   string
	reason *offline.Fault // of the refusal that led to looking
}

func newOutcome(c *Client, ch offline.Change) *outcome {
	return &outcome{progress: progress{weight: 20}, c: c, ch: ch, etag: ch.ETag}
}

func (t *outcome) sent() bool { return t.ch.Op == offline.OpMarkSent }

func (t *outcome) what() string {
	if t.sent() {
		return "mark the email as sent"
	}
	return "mark the email as failed"
}

// columns are what the record is to keep of the message that went out.
func (t *outcome) columns() map[string]any {
	v := map[string]any{}
	if id := t.ch.Fields["identity"]; id != "" && units(id) <= t.c.length("messageid") {
		v["messageid"] = id
	}
	if token := t.ch.Fields["token"]; token != "" && units(token) <= maxToken {
		v["trackingtoken"] = token
	}
	return v
}

// patch writes the email, on condition of what we know of it, but never makes it anew.
func (t *outcome) patch(match string, v map[string]any) op {
	if match == "" {
		match = "*"
	}
	return op{method: http.MethodPatch, path: path(t.ch.Record), header: [][2]string{{"If-Match", match}}, body: marshal(v)}
}

func state(state, status int) map[string]any {
	return map[string]any{"statecode": state, "statuscode": status}
}

func (t *outcome) parts() []part {
	if t.look {
		return []part{get(query(path(t.ch.Record), param{"$select", "activityid,statecode,statuscode,messageid"}))}
	}
	if !t.sent() {
		to := state(0, statusFailed)
		if t.way > 0 {
			to = state(0, statusDraft)
		}
		return []part{{ops: []op{t.patch(t.etag, to)}}}
	}
	switch t.way {
	case 0:
		v := t.columns()
		v["statecode"], v["statuscode"] = 1, statusSent
		return []part{{ops: []op{t.patch(t.etag, v)}}}
	case 1:
		return []part{{ops: []op{t.patch(t.etag, state(0, statusDraft)), t.patch("", t.columns()), t.patch("", state(1, statusSent))}, set: true}}
	case 2:
		args := map[string]any{"IssueSend": false}
		if token := t.ch.Fields["token"]; token != "" {
			args["TrackingToken"] = token
		}
		return []part{{ops: []op{{method: http.MethodPost, path: path(t.ch.Record) + "/Microsoft.Dynamics.CRM.SendEmail", body: marshal(args)}}}}
	}
	return []part{{ops: []op{t.patch(t.etag, state(1, statusSent))}}}
}

// ways is how many there are.
func (t *outcome) ways() int {
	if t.sent() {
		return 4
	}
	return 2
}

func (t *outcome) take(rs [][]reply) {
	r := rs[0][len(rs[0])-1]
	f := t.c.fault(t.what(), r)
	switch {
	case r.ok() && t.look:
		t.looked(r)
	case r.ok():
		if t.sent() && t.way > 1 && t.ch.Fields["identity"] != "" {
			t.out.Notes = append(t.out.Notes, "the CRM did not take the Message-ID; answers are recognised by their token only")
		}
		t.out.ETag = etagOf(r)
		t.finish(nil)
	case t.later(f):
	case t.look || f.Class == offline.FaultNotFound || f.Class == offline.FaultAuth || f.Class.Transient():
		t.finish(f)
	default:
		t.look, t.reason = true, f
	}
}

// looked decides what follows from the email as it is now.
func (t *outcome) looked(r reply) {
	var v row
	if err := decode(t.what(), r.body, &v); err != nil {
		t.finish(err)
		return
	}
	t.look, t.etag, t.out.ETag = false, v.text("@odata.etag"), v.text("@odata.etag")
	status := v.number("statuscode")
	switch stale := t.reason.Class == offline.FaultStale || t.reason.Class == offline.FaultExists; {
	case status == statusSent, status == statusFailed && !t.sent():
		t.out.Existed = true // an earlier attempt of ours, or somebody else's word: it was sent
		t.finish(nil)
	case stale && t.tries < retries:
		t.tries++ // what was read is the condition now; the way was not at fault
	case t.way+1 < t.ways():
		t.way++
	default:
		t.reason.Text = fmt.Sprintf("%s (its status in the CRM is %d)", t.reason.Text, status)
		t.finish(t.reason)
	}
}
