package dataverse

import (
	"html"
	"net/url"
	"strings"

	"postrider/offline"
)

// body is the text of the email record: what the message says and, at its end
// where everybody who reads the record sees it, what of the message is not here.
// A text longer than the column is cut, and says so.
func (j *create) body() string {
	limit := j.c.length("description")
	text := inlineReferences(j.mail.HTML, j.mail.Attachments)
	end := remark(j.lost)
	if units(text)+units(end) <= limit {
		return text + end
	}
	j.cut = true
	j.note(noteCut)
	if end = remark(j.lost); units(end) > limit/2 {
		end = remark([]string{noteCut})
	}
	if units(end) > limit { // a column too short to say anything in
		end = ""
	}
	text, _ = cutHTML(text, limit-units(end))
	return text + end
}

const noteCut = "the text was too long for the CRM and was cut"

// remark is a line that says what was left out, for readers of the record.
func remark(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return "<hr><p><em>Postrider: " + html.EscapeString(strings.Join(notes, "; ")) + ".</em></p>"
}

// notifications is what the column of that name says, which the web client
// shows above the email; it has room for one thing.
func (j *create) notifications() int {
	switch {
	case j.cut:
		return bodyCut
	case len(j.left) > 0:
		return someAttachmentsLeftOut
	}
	return 0
}

// inlineReferences spells the references to pictures within the text as the
// Content-IDs of the attachments are spelled (RFC 2392 has them escaped in
// URLs), so that the one is found by comparing with the other.
//
// The reference does not say how the platform's own synchronization keeps such
// pictures. We keep cid: references, and the Content-ID in attachmentcontentid,
// which is what the column is there for; which of the vendor's clients show the
// picture within a read-only text varies by version. An email that is sent on
// from the CRM needs just these two.
func inlineReferences(text string, files []offline.Attachment) string {
	for _, a := range files {
		if a.ContentID == "" {
			continue
		}
		id := html.EscapeString(a.ContentID)
		for _, spelled := range []string{url.PathEscape(a.ContentID), url.QueryEscape(a.ContentID)} {
			if spelled != id {
				text = strings.ReplaceAll(text, "cid:"+spelled+`"`, "cid:"+id+`"`)
			}
		}
	}
	return text
}
