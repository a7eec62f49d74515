package dataverse

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"postrider/offline"
)

// blockMost is the largest block, and the largest attachment that is written as
// other columns are ("Use file data with Attachment and Note records").
const blockMost = 4 << 20

const opUpload = "send an attachment to the CRM"

// upload is an attachment on its way in blocks: an upload is begun, which gives
// a token, the blocks follow, and the commit makes the attachment. Blocks have
// names, so a repeat puts one in the place of itself. The commit is not
// repeated by itself: it makes an attachment each time, and under an id of its
// own. After a cut the email is looked at, and an attachment of the same name
// and size is taken for ours.
type upload struct {
	i     int // of the attachment
	token string
	sent  int64
	ids   []string
}

// uploadParts is the next step of an upload.
func (j *create) uploadParts() []part {
	if j.up == nil {
		j.up = &upload{i: j.large()[0]}
	}
	u, a := j.up, &j.mail.Attachments[j.up.i]
	post := func(path string, body *payload) part {
		return part{ops: []op{{method: http.MethodPost, path: path, body: body}}}
	}
	switch {
	case u.token == "":
		return []part{post("InitializeAttachmentBlocksUpload", marshal(map[string]any{"Target": j.uploadTarget(u.i)}))}
	case u.sent < a.Len():
		n := min(int64(j.c.cfg.Block), a.Len()-u.sent)
		p := &payload{}
		p.text([]byte(`{"BlockId":` + quoted(u.blockID()) + `,"FileContinuationToken":` + quoted(u.token) + `,"BlockData":"`))
		p.base64(block(a, u.sent, n))
		p.text([]byte(`"}`))
		return []part{post("UploadBlock", p)}
	}
	commit := post("CommitAttachmentBlocksUpload", marshal(map[string]any{"Target": j.uploadTarget(u.i), "BlockList": u.ids, "FileContinuationToken": u.token}))
	commit.single = true
	return []part{commit}
}

// blockID is the name of the next block: base64, all of one length.
func (u *upload) blockID() string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%08d", len(u.ids)))
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}

// uploadTarget describes the attachment to be made.
func (j *create) uploadTarget(i int) map[string]any {
	v := j.attachmentColumns(i)
	v["@odata.type"] = "Microsoft.Dynamics.CRM.activitymimeattachment"
	delete(v, "activitymimeattachmentid") // with one, some versions look for that attachment
	return v
}

// block is n bytes of an attachment as one of its own.
func block(a *offline.Attachment, from, n int64) *offline.Attachment {
	if a.Open == nil {
		return &offline.Attachment{Name: a.Name, Data: a.Data[from : from+n]}
	}
	return &offline.Attachment{Name: a.Name, Size: n, Open: func() (io.ReadCloser, error) {
		r, err := a.Open()
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, r, from); err != nil {
			_ = r.Close()
			return nil, err
		}
		return r, nil
	}}
}

// takeUpload takes the answer to a step of an upload.
func (j *create) takeUpload(r reply) {
	u, a := j.up, &j.mail.Attachments[j.up.i]
	committing := u.token != "" && u.sent == a.Len()
	if !r.ok() {
		j.uploadRefused(j.c.fault(opUpload, r), committing)
		return
	}
	j.rounds-- // a step nearer to the end
	switch {
	case u.token == "":
		var v row
		if err := decode(opUpload, r.body, &v); err != nil {
			j.finish(err)
			return
		}
		if u.token = v.text("FileContinuationToken"); u.token == "" {
			j.finish(protocol("the CRM begins an upload without saying which"))
		}
	case !committing:
		u.ids = append(u.ids, u.blockID())
		u.sent += min(int64(j.c.cfg.Block), a.Len()-u.sent)
	default:
		j.uploaded[u.i] = true
		j.nextUpload()
	}
}

func (j *create) nextUpload() {
	j.up = nil
	if len(j.large()) == 0 {
		j.stage = closing
	}
}

// uploadRefused decides what follows from a step that failed.
func (j *create) uploadRefused(f *offline.Fault, committing bool) {
	u := j.up
	switch {
	case committing && f.Class != offline.FaultThrottled && (f.Class.Transient() || f.Class == offline.FaultRejected || f.Class == offline.FaultNotFound) && j.once(fmt.Sprint("commit ", u.i)):
		// It may have been made all the same: look, and begin again if not.
		j.stage, j.wait = verifying, f.RetryAfter
	case j.later(f):
	case f.Class.Transient() || f.Class == offline.FaultAuth:
		j.finish(f)
	case u.token == "" && (f.Class == offline.FaultProtocol || f.Class == offline.FaultNotFound && f.Code != codeGone):
		// An old server: then the attachment goes with the others.
		j.c.under(func() { j.c.noBlocks = true })
		j.stage = verifying
	case f.Class == offline.FaultNotFound && j.once("vanished while uploading"):
		j.stage = verifying
	case u.token != "" && f.Code != codeTooBig && f.Code != codeBlocked && j.once(fmt.Sprint("upload ", u.i)):
		j.stage = verifying // a token that is too old: begin again
	default:
		j.leave(u.i, attachmentWhy(f))
		j.nextUpload()
	}
}
