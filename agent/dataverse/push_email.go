package dataverse

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// Lengths of columns, in UTF-16 units, until the server teaches us others: an
// older one has 200 for the subject.
var columnLength = map[string]int{
	"subject": 800, "description": 1 << 20, "sender": 250, "torecipients": 500,
	"messageid": maxIdentity, "addressused": 320, "filename": 255, "mimetype": 256,
	"attachmentcontentid": 1024,
}

// maxToken is the length of email.trackingtoken.
const maxToken = 50

// Masks of email parties (activityparty.participationtypemask).
var masks = map[offline.PartyRole]int{offline.RoleSender: 1, offline.RoleTo: 2, offline.RoleCc: 3, offline.RoleBcc: 4}

// email.notifications
const (
	someAttachmentsLeftOut = 1
	bodyCut                = 2
)

// length is how long a column may be.
func (c *Client) length(column string) int {
	n := columnLength[column]
	c.under(func() {
		if column == "description" && c.opts.MaxBody > 0 {
			n = c.opts.MaxBody
		}
		if l, ok := c.limits[column]; ok {
			n = l
		}
	})
	return n
}

// has reports whether the server is not known to lack a column of a table.
func (c *Client) has(logical, column string) bool {
	return len(c.without(logical, []string{column})) > 0
}

// fields are the columns of the email row. Notes about what had to be left out
// are added to j.
func (j *create) fields(update bool) map[string]any {
	m := j.mail
	v := map[string]any{
		"directioncode":          m.Outgoing,
		"actualend":              m.When.UTC().Format(time.RFC3339),
		"email_activity_parties": j.parties(),
	}
	if subject, cut := cutUnits(m.Subject, j.c.length("subject")); subject != "" {
		v["subject"] = subject
		if cut {
			j.note(fmt.Sprintf("the subject was cut to %d characters", j.c.length("subject")))
		}
	}
	if id := j.identity(); id != "" {
		v["messageid"] = id
	} else if m.Identity != "" {
		j.note("the Message-ID is longer than the CRM takes and was left out")
	}
	if t := m.Token; t != "" && units(t) <= maxToken {
		v["trackingtoken"] = t
	}
	j.addresses(v)
	switch {
	case m.Regarding.IsZero():
	case j.c.takesRegarding(m.Regarding):
		v[j.c.regardingNav(m.Regarding.Kind)+"@odata.bind"] = "/" + j.c.path(m.Regarding)
	default:
		j.note(fmt.Sprintf("what it is about, a %s, can't be set by Postrider", m.Regarding.Kind))
	}
	if !update && !j.unlinked && path(m.Correlated) != "" { // may be set at creation only
		if nav := j.c.without("email", correlated)[0]; nav != "" {
			v[nav+"@odata.bind"] = "/" + path(m.Correlated)
		}
	}
	// Last, for it tells of all that is noted.
	if body := j.body(); body != "" {
		v["description"] = body
	}
	if n := j.notifications(); n != 0 {
		v["notifications"] = n
	}
	for col := range v {
		if !j.c.has("email", col) {
			delete(v, col)
		}
	}
	return v
}

// correlated are the names that the navigation property of
// correlatedactivityid has, the present one first (its capitals are the
// platform's); "" stands for a server that has none.
var correlated = []string{"CorrelatedActivityId_Email", "correlatedactivityid_email", "correlatedactivityid", ""}

func (j *create) identity() string {
	if id, cut := cutUnits(j.mail.Identity, j.c.length("messageid")); !cut {
		return id
	}
	return ""
}

// addresses fills the columns that hold plain address text.
func (j *create) addresses(v map[string]any) {
	to := ""
	for _, p := range j.mail.Parties {
		a := p.Address.Addr
		switch {
		case a == "":
		case p.Role == offline.RoleSender && v["sender"] == nil && units(a) <= j.c.length("sender"):
			v["sender"] = a
		case p.Role == offline.RoleTo && units(to)+units(a)+1 <= j.c.length("torecipients"):
			to += a + ";"
		}
	}
	if to != "" {
		v["torecipients"] = to
	}
}

// parties are the parties of the email: one for each record that an address
// was resolved to (R-EMAIL-14), but only one sender (R-EMAIL-13); the address
// alone where there is none.
func (j *create) parties() []map[string]any {
	out := []map[string]any{}
	seen := map[string]bool{}
	for _, p := range j.mail.Parties {
		mask := masks[p.Role]
		if mask == 0 {
			continue
		}
		addr := p.Address.Addr
		if units(addr) > j.c.length("addressused") {
			j.note("an address is longer than the CRM takes and was left out")
			addr = ""
		}
		bound := 0
		for _, ref := range p.Records {
			t, ok := j.c.tableOf(ref.Kind)
			key := fmt.Sprint(mask, ref)
			if !ok || t.party == "" || !j.c.has("activityparty", t.party) || j.c.path(ref) == "" || j.unresolved[ref] || p.Role == offline.RoleSender && bound > 0 {
				continue
			}
			if bound++; seen[key] {
				continue
			}
			seen[key] = true
			v := map[string]any{"participationtypemask": mask, t.party + "@odata.bind": "/" + j.c.path(ref)}
			if addr != "" {
				v["addressused"] = addr
			}
			out = append(out, v)
		}
		if key := fmt.Sprint(mask, offline.Fold(addr)); bound == 0 && addr != "" && !seen[key] {
			seen[key] = true
			out = append(out, map[string]any{"participationtypemask": mask, "addressused": addr})
		}
	}
	return out
}

// attachmentName is the name under which an attachment is kept.
func (j *create) attachmentName(i int) string {
	name, _ := cutUnits(fileName(j.mail.Attachments[i].Name), j.c.length("filename"))
	return name
}

// attachment is the operation that makes one attachment of the email.
func (j *create) attachment(i int) op {
	head := marshal(j.attachmentColumns(i)).pieces[0].text
	p := &payload{}
	p.text(append(head[:len(head)-1:len(head)-1], `,"body":"`...))
	p.base64(&j.mail.Attachments[i])
	p.text([]byte(`"}`))
	return op{method: http.MethodPost, path: "activitymimeattachments", body: p}
}

// attachmentColumns are all but the content.
func (j *create) attachmentColumns(i int) map[string]any {
	a, name := j.mail.Attachments[i], j.attachmentName(i)
	v := map[string]any{
		"objectid_email@odata.bind": "/" + path(j.mail.Ref),
		"objecttypecode":            "email",
		"activitymimeattachmentid":  attachmentID(j.mail.Ref.ID, i),
		"filename":                  name,
		"subject":                   name,
	}
	if units(a.Type) <= j.c.length("mimetype") {
		v["mimetype"] = a.Type
	}
	if a.ContentID != "" && units(a.ContentID) <= j.c.length("attachmentcontentid") {
		v["attachmentcontentid"] = a.ContentID
	}
	for col := range v {
		if !j.c.has("activitymimeattachment", col) {
			delete(v, col)
		}
	}
	return v
}

// closing is the operation that closes the email as Received or Sent, which
// makes it read-only.
func (j *create) closing() op {
	status := 4
	if j.mail.Outgoing {
		status = 3
	}
	v := map[string]any{"statecode": 1, "statuscode": status}
	if j.stage == closing && len(j.left) > j.told { // refused after the row was written
		v["description"] = j.body()
		if j.c.has("email", "notifications") {
			v["notifications"] = j.notifications()
		}
	}
	to, header := j.c.echo(path(j.mail.Ref))
	return op{method: http.MethodPatch, path: to, header: append(header, [2]string{"If-Match", "*"}), body: marshal(v)}
}

// attachmentID is the id of an email's i-th attachment: the same at every
// attempt, so that a repeat can't add it twice. Made as RFC 9562 section 5.8
// lays out ids of one's own making.
func attachmentID(email string, i int) string {
	b := []byte(strings.ToLower(email))
	b = binary.BigEndian.AppendUint32(b, uint32(i))
	h := sha256.Sum256(b)
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	s := hex.EncodeToString(h[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// sift leaves out the attachments that the organization is known not to take.
func (j *create) sift() {
	var o offline.Options
	j.c.under(func() { o = j.c.opts })
	for i, a := range j.mail.Attachments {
		ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(a.Name), "."))
		switch {
		case ext != "" && slices.Contains(o.Blocked, ext):
			j.leave(i, blockedWhy)
		case a.Len() == 0:
			j.leave(i, "an empty file, which the CRM does not take")
		case o.MaxAttachment > 0 && a.Len() > o.MaxAttachment:
			j.leave(i, fmt.Sprintf("larger than the %s that the CRM takes", megabytes(o.MaxAttachment)))
		}
	}
}

const blockedWhy = "the CRM does not take this kind of file"

func megabytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func fileName(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "attachment"
	}
	return s
}

// units is the length of s as the platform counts it, in UTF-16 units.
func units(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// cutUnits cuts s to at most n UTF-16 units, at a rune's edge.
func cutUnits(s string, n int) (string, bool) {
	for i, r := range s {
		if n--; r > 0xffff {
			n--
		}
		if n < 0 {
			return s[:i], true
		}
	}
	return s, false
}

// cutHTML cuts s to at most n units without leaving half a tag or entity at
// its end. Tags left open are closed by whoever shows it.
func cutHTML(s string, n int) (string, bool) {
	head, cut := cutUnits(s, n)
	if !cut {
		return s, false
	}
	if i := strings.LastIndexByte(head, '<'); i > strings.LastIndexByte(head, '>') {
		head = head[:i]
	}
	if i := strings.LastIndexByte(head, '&'); i >= 0 && len(head)-i < 12 && !strings.Contains(head[i:], ";") {
		head = head[:i]
	}
	return head, true
}
