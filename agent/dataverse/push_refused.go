package dataverse

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"postrider/offline"
)

// refused decides what to do about a refusal. Order matters: what the server
// says by its code comes before what is guessed.
func (j *create) refused(f *offline.Fault, at failure) {
	switch {
	case j.later(f):
	case f.Class.Transient() || f.Class == offline.FaultAuth:
		j.finish(f)
	case f.Class == offline.FaultExists || f.Class == offline.FaultStale:
		if !j.once("exists "+fmt.Sprint(j.open != nil)) && !j.once("exists again") {
			j.finish(f)
			return
		}
		j.stage = verifying
	case j.shorten(f) || j.forgo(f, at) || j.leaveOut(f, at):
	case (f.Class == offline.FaultNotFound || f.Class == offline.FaultDenied) && at.op != closingOp && j.once("probe "+f.Text):
		j.stage, j.first = probing, f
	case at.op == closingOp || at.op == unknownOp && f.Class == offline.FaultRejected:
		j.closeApart(f, at)
	default:
		j.finish(f)
	}
}

// shorten learns the length of a column.
func (j *create) shorten(f *offline.Fault) bool {
	col, n := longColumn(f)
	if _, known := columnLength[col]; !known || n < 1 || !j.once("long "+col) {
		return false
	}
	j.c.under(func() {
		if old, ok := j.c.limits[col]; !ok || n < old {
			j.c.limits[col] = n
		}
	})
	return true
}

// needed are properties without which an email record makes no sense.
var needed = map[string]bool{"subject": true, "description": true, "directioncode": true, "messageid": true,
	"email_activity_parties": true, "statecode": true, "statuscode": true, "body": true, "filename": true}

// forgo leaves out a column that the server does not have.
func (j *create) forgo(f *offline.Fault, at failure) bool {
	col, _, _ := strings.Cut(unknownColumn(f), "@")
	if col == "" || needed[col] || strings.HasPrefix(col, "regardingobjectid") || !j.once("column "+col) {
		return false
	}
	switch {
	case strings.HasPrefix(col, "partyid"): // records of this kind can't be parties there: the address stays
		j.c.forgo("activityparty", col)
	case at.op == attachmentOp, col == "attachmentcontentid", col == "activitymimeattachmentid", col == "objecttypecode":
		j.c.forgo("activitymimeattachment", col)
	default:
		j.c.forgo("email", col)
	}
	return true
}

// leaveOut leaves out an attachment that the server does not take.
func (j *create) leaveOut(f *offline.Fault, at failure) bool {
	about := f.Code == codeBlocked || f.Code == codeTooBig
	if at.op == attachmentOp && (about || f.Class == offline.FaultRejected || f.Class == offline.FaultDenied) {
		j.leave(at.attachment, attachmentWhy(f))
		return true
	}
	if !about || len(j.sent) == 0 || at.op != unknownOp {
		return false
	}
	if len(j.sent) == 1 {
		j.leave(j.sent[0], attachmentWhy(f))
		return true
	}
	for _, i := range j.sent {
		if name := j.mail.Attachments[i].Name; name != "" && strings.Contains(f.Text, name) {
			j.leave(i, attachmentWhy(f))
			return true
		}
	}
	j.loose = true // each by itself: then it is plain which one
	return j.once("loose")
}

func attachmentWhy(f *offline.Fault) string {
	switch f.Code {
	case codeBlocked:
		return blockedWhy
	case codeTooBig:
		return "larger than the CRM takes"
	}
	return "the CRM refused it: " + f.Text
}

// lighten leaves out the largest attachment of an email that is too large for
// a request. It reports false where there is none to leave out.
func (j *create) lighten(f *offline.Fault) bool {
	if errors.Is(f, errUnreadable) { // it may be readable again, and must not be lost without a word
		return false
	}
	largest := -1
	for _, i := range j.sent {
		if largest < 0 || j.mail.Attachments[i].Len() > j.mail.Attachments[largest].Len() {
			largest = i
		}
	}
	if largest < 0 || j.left[largest] || j.stage != sending {
		return false
	}
	j.leave(largest, "too large to send to the CRM")
	return true
}

// closeApart puts the closing outside the change set, as an older server may
// want it; before that, without asking for the closed row.
func (j *create) closeApart(f *offline.Fault, at failure) {
	switch {
	case at.op == closingOp && j.withoutEcho():
	case j.once("apart"):
		j.apart = true
		if at.op == closingOp {
			j.c.under(func() { j.c.twoSteps = true })
		}
	default:
		j.finish(f)
	}
}

// refs are the records that the email names, in the order of their weight.
func (j *create) refs() []offline.Ref {
	var out []offline.Ref
	seen := map[offline.Ref]bool{}
	add := func(r offline.Ref) {
		if j.c.path(r) != "" && !seen[r] && !j.unresolved[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	add(j.mail.Regarding)
	if !j.unlinked {
		add(j.mail.Correlated)
	}
	for _, p := range j.mail.Parties {
		for _, r := range p.Records {
			add(r)
		}
	}
	return out
}

// judge takes the answers about the records that the email names: a party that
// is gone or hidden becomes an address, a correlated email is left out, but
// without its regarding the email is not what the user decided.
func (j *create) judge(rs [][]reply) {
	f := j.first
	j.stage = sending
	changed := false
	for i, r := range j.probed {
		probe := rs[i][0]
		if probe.ok() {
			continue
		}
		pf := j.c.fault(opCreate, probe)
		if pf.Class != offline.FaultNotFound && pf.Class != offline.FaultDenied {
			if !j.later(pf) {
				j.finish(pf)
			} else {
				j.stage = probing
			}
			return
		}
		if r == j.mail.Regarding {
			text := gonePhrase(r)
			if probe.status == http.StatusForbidden {
				text = fmt.Sprintf("the CRM does not let you use the %s that the email is to be regarding", r.Kind)
			}
			j.finish(&offline.Fault{Class: pf.Class, Code: pf.Code, Op: opCreate, Text: text})
			return
		}
		j.drop(r)
		changed = true
	}
	if changed {
		return
	}
	// All can be read; the right to append to one of them may be missing. The
	// message then names it, beside the user, who is a bystander.
	for _, r := range j.probed {
		if r.Kind != offline.KindUser && strings.Contains(strings.ToLower(f.Text), strings.ToLower(r.ID)) && r != j.mail.Regarding {
			j.drop(r)
			return
		}
	}
	j.finish(f)
}

func (j *create) drop(r offline.Ref) {
	if r == j.mail.Correlated {
		j.unlinked = true
	}
	j.unresolved[r] = true
	for _, p := range j.mail.Parties {
		for _, q := range p.Records {
			if q == r {
				j.tell(fmt.Sprintf("%s: the %s in the CRM is gone or not yours to use; kept as an address", p.Address.Addr, r.Kind))
			}
		}
	}
}
