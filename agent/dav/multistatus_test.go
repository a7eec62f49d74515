package dav

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// said is what a decoder makes of an answer.
func said(r io.Reader, most int64) (list []response, token string, err error) {
	token, err = multistatus(r, most, func(r *response) error {
		list = append(list, *r)
		return nil
	})
	return list, token, err
}

// FuzzMultistatus: whatever comes, reading ends; what is whole before a cut is
// read as without it; and it does not matter in which pieces it comes.
func FuzzMultistatus(f *testing.F) {
	const head = `<?xml version="1.0" encoding="utf-8"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">`
	const one = `<d:response><d:href>/p/1</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag><c:calendar-data>BEGIN:VCALENDAR&#13;
END:VCALENDAR</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`
	for _, seed := range []string{
		head + one + `<d:sync-token>t</d:sync-token></d:multistatus>`,
		head + `<d:sync-token>t</d:sync-token>` + one + one + `</d:multistatus>trailing <b>`,
		head + `<d:response><d:href>/p/1</d:href><d:href>/p/2</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response></d:multistatus>`,
		head + `<d:response><d:status>soon</d:status></d:response><d:response/><x/>text</d:multistatus>`,
		head + `<d:response><d:href>/p/</d:href><d:status>HTTP/1.1 507</d:status><d:error><d:number-of-matches-within-limits/></d:error></d:response></d:multistatus>`,
		head + one[:90], head + strings.Repeat("<d:x>", 60), head + one + `<d:response><d:href>` + "\x01",
		head + `<d:response><d:prop><![CDATA[<d:response>]]></d:prop><!-- </d:response> --><?pi ?></d:response></d:multistatus>`,
		`<multistatus xmlns="DAV:"><response><href> /a%zz </href></response></multistatus>`,
		`<?xml version="1.0" encoding="iso-8859-1"?><multistatus xmlns="DAV:"><response><href>/` + "\xe9" + `</href></response></multistatus>`,
		`<?xml version="1.0" encoding="utf-16"?>` + head, `<?xml encoding="none"?><a/>`,
		`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><multistatus xmlns="DAV:"><response><href>&b;</href></response></multistatus>`,
		`<html><body>Welcome</body></html>`, `<multistatus/>`, `</multistatus>`, ``, ` `, "\xff\xfe<\x00",
	} {
		f.Add(seed, uint16(len(seed)/2))
	}
	f.Fuzz(func(t *testing.T, text string, cut uint16) {
		const most = 4 << 10
		whole, token, err := said(strings.NewReader(text), most)
		for _, r := range whole {
			if r.href == "" && r.wrong == "" {
				t.Errorf("a response about nothing passes for a good one: %+v", r)
			}
		}
		bytewise, token2, err2 := said(iotest.OneByteReader(strings.NewReader(text)), most)
		// The bound counts what was read ahead, too; so it may strike elsewhere.
		if len(text) < most && (!reflect.DeepEqual(whole, bytewise) || token != token2 || (err == nil) != (err2 == nil)) {
			t.Errorf("in one piece %d responses, %q, %v; byte by byte %d, %q, %v", len(whole), token, err, len(bytewise), token2, err2)
		}
		part, _, err := said(strings.NewReader(text[:min(int(cut), len(text))]), most)
		if len(part) > len(whole) || !reflect.DeepEqual(part, whole[:len(part)]) && len(part) > 0 {
			t.Errorf("cut at %d it says %+v, whole %+v", cut, part, whole)
		}
		if err == nil && int(cut) < len(text) && len(part) < len(whole) {
			t.Errorf("cut at %d, it lacks %d responses and nothing is said of it", cut, len(whole)-len(part))
		}
	})
}

func FuzzErrorBody(f *testing.F) {
	f.Add("application/xml", `<d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>`)
	f.Add("text/xml; charset=utf-8", `<error xmlns="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>X</s:exception><s:message>No
way</s:message><c:max-resource-size xmlns:c="urn:ietf:params:xml:ns:caldav"/></error>`)
	f.Add("text/plain", "no\x00\x1b[31m room\xff")
	f.Add("", "<")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		code, text := errorBody(contentType, []byte(body))
		for _, s := range []string{code, text} {
			if strings.ContainsAny(s, "\x00\r\n\x1b") || len(text) > 400 {
				t.Errorf("%q is no word for an error", s)
			}
		}
	})
}
