package story

import (
	"fmt"
	"strings"
	"time"
)

// invitation is a meeting request or its answer (RFC 6047): the text, the
// calendar object as an alternative, and the same once more as a file.
func (t *teller) invitation(d *draft, text string, boundary func() string) part {
	ics := []byte(t.calendar(d))
	c := charsetOf(d.options["charset"], text)
	calendar := part{[][2]string{
		{"Content-Type", "text/calendar; charset=utf-8; method=" + d.invite},
		{"Content-Transfer-Encoding", "base64"},
	}, transfer(ics, "base64")}
	alternative := multipart("alternative", boundary(), "", textPart("plain", text, c), calendar)
	return multipart("mixed", boundary(), "", alternative, filePart(File{Name: "invite.ics", Type: "application/ics", Data: ics}))
}

// calendar writes one event (RFC 5545): ten days after the mail, at ten.
func (t *teller) calendar(d *draft) string {
	sent := t.now.AddDate(0, 0, -d.days)
	y, month, day := sent.AddDate(0, 0, 10).Date()
	start := time.Date(y, month, day, 9, 0, 0, 0, time.UTC)
	const form = "20060102T150405Z"
	organizer, answer := d.from, ""
	if d.invite == "REPLY" {
		organizer, answer = d.to[0], fmt.Sprintf("ATTENDEE;PARTSTAT=ACCEPTED;CN=%q:mailto:%s\r\n", d.from.Name, d.from.Addr)
	} else {
		for _, p := range append(append([]*Person{}, d.to...), d.cc...) {
			answer += fmt.Sprintf("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=%q\r\n :mailto:%s\r\n", p.Name, p.Addr)
		}
	}
	summary := d.subject
	if _, rest, ok := strings.Cut(summary, ": "); ok {
		summary = rest
	}
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Alder//Demo//EN\r\nMETHOD:" + d.invite + "\r\nBEGIN:VEVENT\r\n" +
		"UID:" + d.name + "@alder.example\r\nSEQUENCE:0\r\n" +
		"DTSTAMP:" + sent.UTC().Format(form) + "\r\nDTSTART:" + start.Format(form) + "\r\nDTEND:" + start.Add(time.Hour).Format(form) + "\r\n" +
		"SUMMARY:" + strings.NewReplacer(",", `\,`, ";", `\;`).Replace(summary) + "\r\nLOCATION:Eken\\, Eksjö\r\n" +
		fmt.Sprintf("ORGANIZER;CN=%q:mailto:%s\r\n", organizer.Name, organizer.Addr) + answer +
		"END:VEVENT\r\nEND:VCALENDAR\r\n"
}

// reportParts are those of a delivery failure (RFC 3464): for people, for
// machines, and the header of what could not be delivered.
func reportParts(d *draft, text string, c charset) []part {
	failed := d.options["failed"]
	return []part{
		textPart("plain", text, c),
		{[][2]string{{"Content-Type", "message/delivery-status"}}, []byte("Reporting-MTA: dns; mail.alder.example\r\n\r\n" +
			"Final-Recipient: rfc822; " + failed + "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n")},
		{[][2]string{{"Content-Type", "text/rfc822-headers"}}, []byte("From: Ann Lindqvist <ann@alder.example>\r\n" +
			"To: " + failed + "\r\nSubject: " + word(d.options["about"], charset{"utf-8", "qp"}) + "\r\nMessage-ID: " + d.options["failedid"] + "\r\n")},
	}
}

// bounce is the delivery failure of a mail of Ann's.
func bounce(name, to, subject, id string) *draft {
	d := &draft{name: name, from: Stranger("Mail Delivery System", "MAILER-DAEMON@mail.alder.example"),
		subject: "Undelivered Mail Returned to Sender", report: true, noQuote: true,
		text:    "This is the mail system at mail.alder.example.\n\nYour message could not be delivered to one recipient:\n\n<" + to + ">: the server of the domain says: 550 5.1.1 no such user",
		options: map[string]string{"failed": to, "about": subject, "failedid": id},
		head:    [][2]string{{"Auto-Submitted", "auto-replied"}}}
	return d
}
