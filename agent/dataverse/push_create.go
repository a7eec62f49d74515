package dataverse

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"postrider/offline"
)

const opCreate = "create the email record"

// create makes one email record, in one atomic change set where the server
// allows it: the open row on condition that it does not exist, its attachments,
// and the closing. Attachments too large for that are sent in blocks to the
// open row, and then it is closed. What the server refuses is taken out or put
// differently, step by step:
//
//	sending ──ok──> done
//	   │ large attachments ──> uploading ──> closing ──> done
//	   │ exists ──> verifying: ours and closed: done; ours and open: sending what
//	   │            is missing of it; another's: failed
//	   │ a record is gone or hidden ──> probing: which one? then sending without it
//	   └ an attachment, a column, the closing refused ──> sending without it, or apart
type create struct {
	progress
	c    *Client
	mail *offline.OutgoingEmail

	stage stage
	first *offline.Fault // what led to probing

	unresolved map[offline.Ref]bool // parties kept as addresses only
	unlinked   bool                 // without correlatedactivityid
	left       map[int]bool         // attachments left out
	lost       []string             // what of the message is not on the record, for people
	cut        bool                 // the body was cut
	apart      bool                 // close outside the change set
	loose      bool                 // no change set at all: find out which attachment it is
	open       *found               // the email exists, half made
	probed     []offline.Ref
	sent       []int // attachments in the last question, in order
	told       int   // attachments left out that the row speaks of
	up         *upload
	uploaded   map[int]bool // attachments that went in blocks
	trace      map[string]bool
}

type stage int

const (
	sending stage = iota
	verifying
	probing
	uploading // attachments in blocks, to the open row
	closing   // after loose sending or uploading
)

// found is a half-made email of ours.
type found struct {
	etag  string
	have  map[string]bool // ids of its attachments
	other map[string]int  // how many attachments of other ids have this name and size: our ids are not taken everywhere
}

const noSize = -1

// alike is by what an attachment is recognised that has not our id.
//
// Where the server does not tell sizes, the name has to do.
func alike(name string, size int64) string { return fmt.Sprintf("%d %s", size, name) }

func newCreate(c *Client, m *offline.OutgoingEmail) *create {
	j := &create{progress: progress{weight: 100}, c: c, mail: m,
		unresolved: map[offline.Ref]bool{}, left: map[int]bool{}, uploaded: map[int]bool{}, trace: map[string]bool{}}
	for _, n := range m.Notes {
		j.note(n)
	}
	j.sift()
	return j
}

// note tells people what of the message was left out, once: the user and, on
// the record, everybody who reads it.
func (j *create) note(s string) {
	if !slices.Contains(j.lost, s) {
		j.lost = append(j.lost, s)
		j.tell(s)
	}
}

// tell tells the user alone.
func (j *create) tell(s string) {
	if !slices.Contains(j.out.Notes, s) {
		j.out.Notes = append(j.out.Notes, s)
	}
}

func (j *create) leave(i int, why string) {
	j.left[i] = true
	j.note(fileName(j.mail.Attachments[i].Name) + ": " + why)
}

// once reports whether a way out is taken for the first time; every way out of
// a refusal is taken only once for the same cause, so that create ends.
func (j *create) once(way string) bool {
	was := j.trace[way]
	j.trace[way] = true
	return !was
}

func (j *create) parts() []part {
	email := path(j.mail.Ref)
	switch j.stage {
	case verifying:
		return []part{
			get(query(email, param{"$select", "activityid,messageid,statecode"})),
			get(query("activitymimeattachments", param{"$select", "activitymimeattachmentid,filename,filesize"},
				param{"$filter", "_objectid_value eq " + strings.ToLower(j.mail.Ref.ID)})),
		}
	case uploading:
		return j.uploadParts()
	case probing:
		j.probed = j.refs()
		parts := make([]part, len(j.probed))
		for i, r := range j.probed {
			parts[i] = get(j.c.probe(r))
		}
		return parts
	case closing:
		return []part{{ops: []op{j.closing()}}}
	}
	return j.writing()
}

// writing are the parts that make the email.
func (j *create) writing() []part {
	row := op{method: http.MethodPatch, path: path(j.mail.Ref), header: [][2]string{{"If-None-Match", "*"}}}
	if j.open != nil {
		row.header = [][2]string{{"If-Match", j.open.etag}}
	}
	row.body = marshal(j.fields(j.open != nil))
	ops := []op{row}
	inline, large := j.missing()
	j.sent, j.told = inline, len(j.left)
	for _, i := range j.sent {
		ops = append(ops, j.attachment(i))
	}
	if j.loose {
		parts := make([]part, len(ops))
		for i := range ops {
			parts[i] = part{ops: ops[i : i+1]}
		}
		return parts
	}
	if len(large) > 0 {
		return []part{{ops: ops, set: true}}
	}
	twoSteps := false
	j.c.under(func() { twoSteps = j.c.twoSteps })
	if j.apart || twoSteps {
		return []part{{ops: ops, set: true}, {ops: []op{j.closing()}}}
	}
	return []part{{ops: append(ops, j.closing()), set: true}}
}

// missing are the attachments still to be made: within a request, and in blocks.
func (j *create) missing() (inline, large []int) {
	var other map[string]int
	if j.open != nil {
		other = maps.Clone(j.open.other)
	}
	blocks := false
	j.c.under(func() { blocks = !j.c.noBlocks })
	for i, a := range j.mail.Attachments {
		key := alike(j.attachmentName(i), a.Len())
		if other[key] == 0 {
			key = alike(j.attachmentName(i), noSize)
		}
		switch {
		case j.left[i] || j.uploaded[i] || j.open != nil && j.open.have[attachmentID(j.mail.Ref.ID, i)]:
		case other[key] > 0:
			other[key]--
		case blocks && a.Len() > int64(j.c.cfg.Block):
			large = append(large, i)
		default:
			inline = append(inline, i)
		}
	}
	return inline, large
}

// large are the attachments still to be sent in blocks.
func (j *create) large() []int {
	_, large := j.missing()
	return large
}

func (j *create) take(rs [][]reply) {
	switch {
	case j.stage == verifying:
		j.verify(rs[0][0], rs[1][0])
	case j.stage == probing:
		j.judge(rs)
	case j.stage == uploading:
		j.takeUpload(rs[0][0])
	case j.stage == closing:
		j.closed(rs[0][0])
	case j.loose:
		j.takeLoose(rs)
	default:
		j.takeSet(rs)
	}
}

// takeSet takes the replies to a change set, and to the closing beside it.
func (j *create) takeSet(rs [][]reply) {
	set := rs[0]
	if bad := slices.IndexFunc(set, func(r reply) bool { return !r.ok() }); bad >= 0 {
		j.refused(j.c.fault(opCreate, set[bad]), j.which(set, bad))
		return
	}
	if len(rs) > 1 {
		j.closed(rs[1][0])
		return
	}
	if len(j.large()) > 0 {
		j.stage = uploading
		return
	}
	j.out.ETag = etagOf(set[len(set)-1])
	j.finish(nil)
}

// Which operation of the change set was refused.
const (
	unknownOp = iota
	rowOp
	attachmentOp
	closingOp
)

// failure says which operation a refusal is about, and which attachment.
type failure struct{ op, attachment int }

func (j *create) which(set []reply, bad int) failure {
	k := bad + 1 // one reply per operation
	if len(set) == 1 {
		// A refused change set has one reply; Content-ID tells the operation.
		k = 0
		if len(set[0].id) > 0 {
			_, _ = fmt.Sscanf(strings.TrimPrefix(set[0].id, "$"), "%d", &k)
		}
	}
	switch {
	case k < 1:
		return failure{op: unknownOp}
	case k == 1:
		return failure{op: rowOp}
	case k-2 < len(j.sent):
		return failure{op: attachmentOp, attachment: j.sent[k-2]}
	}
	return failure{op: closingOp}
}

// takeLoose takes replies to single operations: each attachment that is
// refused is left out by itself; the closing follows.
func (j *create) takeLoose(rs [][]reply) {
	if r := rs[0][0]; !r.ok() {
		j.refused(j.c.fault(opCreate, r), failure{op: rowOp})
		return
	}
	for k, i := range j.sent {
		r := rs[k+1][0]
		if r.ok() {
			continue
		}
		f := j.c.fault(opCreate, r)
		switch {
		case f.Class == offline.FaultExists || f.Class == offline.FaultStale: // an earlier attempt
		case f.Class.Transient():
			// The row is there now: go on as after an attempt cut short.
			if j.stage = verifying; !j.later(f) {
				j.finish(f)
			}
			return
		default:
			j.leave(i, attachmentWhy(f))
		}
	}
	if j.stage = closing; len(j.large()) > 0 {
		j.stage = uploading
	}
}

// closed takes the reply to a closing that went by itself.
func (j *create) closed(r reply) {
	if r.ok() {
		j.out.ETag = etagOf(r)
		j.finish(nil)
		return
	}
	f := j.c.fault("close the email record", r)
	j.stage = verifying // whatever comes next: the row is there now
	switch {
	case j.later(f):
	case f.Class == offline.FaultRejected && j.withoutEcho():
		j.stage = closing
	default:
		j.finish(f)
	}
}

// withoutEcho gives up asking for the closed row, which an old server may not
// know. It reports whether that is news.
func (j *create) withoutEcho() (news bool) {
	if !j.once("echo") {
		return false
	}
	j.c.under(func() { j.c.noEcho = true })
	return true
}

// verify looks at the email that was there already.
func (j *create) verify(email, attachments reply) {
	j.stage = sending
	if !email.ok() {
		f := j.c.fault("look at the email record", email)
		switch {
		case j.later(f):
			j.stage = verifying
		case f.Class == offline.FaultNotFound && j.once("vanished"):
			j.open = nil
		default:
			j.finish(f)
		}
		return
	}
	var v row
	if err := decode("look at the email record", email.body, &v); err != nil {
		j.finish(err)
		return
	}
	if !strings.EqualFold(v.text("messageid"), j.identity()) {
		j.finish(&offline.Fault{Class: offline.FaultExists, Op: opCreate, Text: "another email record has this id in the CRM"})
		return
	}
	j.out.Existed, j.out.ETag = true, v.text("@odata.etag")
	if v.number("statecode") != 0 {
		j.finish(nil)
		return
	}
	j.open = &found{etag: j.out.ETag, have: map[string]bool{}, other: map[string]int{}}
	j.uploaded, j.up = map[int]bool{}, nil
	ours := map[string]bool{}
	for i := range j.mail.Attachments {
		ours[attachmentID(j.mail.Ref.ID, i)] = true
	}
	var pg page
	if attachments.ok() && decode("look at the attachments", attachments.body, &pg) == nil {
		for _, r := range pg.Rows {
			if id := strings.ToLower(r.text("activitymimeattachmentid")); ours[id] {
				j.open.have[id] = true
			} else {
				size := int64(noSize)
				if r["filesize"] != nil {
					size = r.number("filesize")
				}
				j.open.other[alike(r.text("filename"), size)]++
			}
		}
	}
}
