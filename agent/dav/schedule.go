package dav

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"postrider/offline"
)

// Servers with calendar-auto-schedule (RFC 6638) mail people about what is
// stored. Who is to be mailed by the server is said on each ATTENDEE; to change
// that from the server to the client makes it mail a cancellation (section
// 3.2.1.2), so that only what is new can be made quiet.

// hasPeople reports whether an item is a meeting.
func hasPeople(raw []byte) bool {
	upper := bytes.ToUpper(raw)
	return bytes.Contains(upper, []byte("\nATTENDEE")) || bytes.Contains(upper, []byte("\nORGANIZER"))
}

// schedules reports whether the server mails people by itself. It is asked once.
func (c *Client) schedules(ctx context.Context, op string, at *url.URL) (bool, error) {
	c.mu.Lock()
	known, ok := c.sched[origin(at)]
	c.mu.Unlock()
	if ok {
		return known, nil
	}
	yes := false
	err := c.carry(ctx, request{op: op, method: http.MethodOptions, url: at, take: func(_ *url.URL, resp *http.Response, _ io.Reader) error {
		for _, v := range resp.Header.Values("DAV") {
			yes = yes || strings.Contains(strings.ToLower(v), "calendar-auto-schedule")
		}
		return nil
	}})
	if err != nil && !wrongPlace(err) {
		return false, err
	}
	h, err := c.find(ctx)
	if err != nil && !wrongPlace(err) {
		return false, err
	}
	yes = yes || h != nil && h.outbox
	c.mu.Lock()
	c.sched[origin(at)] = yes
	c.mu.Unlock()
	return yes, nil
}

// quiet is it.Raw in a form about which the server mails nobody, or a fault with
// ErrWouldMail if there is no such form.
func (c *Client) quiet(ctx context.Context, op string, at, u *url.URL, it offline.Item) ([]byte, error) {
	if it.Kind == offline.KindContact || !hasPeople(it.Raw) {
		return it.Raw, nil
	}
	if yes, err := c.schedules(ctx, op, at); err != nil || !yes {
		return it.Raw, err
	}
	mine := c.organizes(it.Raw)
	if it.ETag == "" {
		return silence(it.Raw, func(name, _ string) bool { return mine == (name == "ATTENDEE") }), nil
	}
	if !mine {
		return it.Raw, nil // an attendee's copy: only an answer is mailed, and we give none
	}
	was, _, err := c.get(ctx, u)
	if err != nil {
		return nil, err
	}
	if !c.organizes(was) && len(served(was)) == 0 {
		return silence(it.Raw, func(name, _ string) bool { return name == "ATTENDEE" }), nil
	}
	if len(served(was)) > 0 {
		return nil, &offline.Fault{Class: offline.FaultDenied, Op: op, Err: ErrWouldMail}
	}
	return silence(it.Raw, func(name, _ string) bool { return name == "ATTENDEE" }), nil
}

// mayDelete refuses what the server would cancel by mail. An attendee's copy goes
// without an answer, by Schedule-Reply.
func (c *Client) mayDelete(ctx context.Context, op string, at, u *url.URL, it offline.Item) error {
	if it.Kind == offline.KindContact || len(it.Raw) > 0 && !hasPeople(it.Raw) {
		return nil
	}
	if yes, err := c.schedules(ctx, op, at); err != nil || !yes {
		return err
	}
	was, _, err := c.get(ctx, u)
	if err != nil {
		return err
	}
	if c.organizes(was) && len(served(was)) > 0 {
		return &offline.Fault{Class: offline.FaultDenied, Op: op, Err: ErrWouldMail}
	}
	return nil
}

// organizes reports whether the user organizes a meeting. Where the server does
// not say who the user is, they are taken to: then nothing is mailed by mistake.
func (c *Client) organizes(raw []byte) bool {
	c.mu.Lock()
	h := c.homes
	c.mu.Unlock()
	organizer := ""
	for _, l := range peopleLines(raw) {
		if l.name == "ORGANIZER" {
			organizer = strings.ToLower(l.value)
		}
	}
	if h == nil || len(h.addresses) == 0 || organizer == "" {
		return true
	}
	for _, a := range h.addresses {
		if a == organizer || "mailto:"+a == organizer {
			return true
		}
	}
	return false
}

// served are the attendees whom the server mails.
func served(raw []byte) map[string]bool {
	list := map[string]bool{}
	for _, l := range peopleLines(raw) {
		if l.name == "ATTENDEE" && (l.agent == "" || l.agent == "SERVER") {
			list[strings.ToLower(l.value)] = true
		}
	}
	return list
}

// silence writes SCHEDULE-AGENT=CLIENT (RFC 6638 section 7.1) on those lines of
// people that want it and have no other agent. All other lines stay byte for
// byte.
func silence(raw []byte, want func(name, value string) bool) []byte {
	var out bytes.Buffer
	last := 0
	for _, l := range peopleLines(raw) {
		if l.agent != "" && l.agent != "SERVER" || !want(l.name, l.value) {
			continue
		}
		out.Write(raw[last:l.from])
		text := l.text
		if l.agent != "" {
			text = text[:l.agentFrom] + text[l.agentTo:]
		}
		out.WriteString(fold(text[:len(l.name)]+";SCHEDULE-AGENT=CLIENT"+text[len(l.name):], l.ending))
		last = l.to
	}
	out.Write(raw[last:])
	return out.Bytes()
}

// person is one ORGANIZER or ATTENDEE line.
type person struct {
	name               string // in capitals
	text               string // the line, unfolded
	value              string
	agent              string // SCHEDULE-AGENT, in capitals
	agentFrom, agentTo int    // where that parameter stands in text
	from, to           int    // where the line stands, with its ending
	ending             string
}

func peopleLines(raw []byte) []person {
	var list []person
	for at := 0; at < len(raw); {
		from := at
		var b strings.Builder
		ending := "\r\n"
		for {
			n := bytes.IndexByte(raw[at:], '\n')
			line := raw[at:]
			if n >= 0 {
				line = raw[at : at+n]
				at += n + 1
			} else {
				at = len(raw)
			}
			if trimmed, ok := bytes.CutSuffix(line, []byte("\r")); ok {
				line = trimmed
			} else if n >= 0 {
				ending = "\n"
			}
			b.Write(line)
			if at >= len(raw) || raw[at] != ' ' && raw[at] != '\t' {
				break
			}
			at++
		}
		text := b.String()
		end := strings.IndexAny(text, ";:")
		if end < 0 {
			continue
		}
		if name := strings.ToUpper(text[:end]); name == "ORGANIZER" || name == "ATTENDEE" {
			p := person{name: name, text: text, from: from, to: at, ending: ending}
			p.read(end)
			list = append(list, p)
		}
	}
	return list
}

// read finds the agent and the value in p.text; end is where the name ends.
func (p *person) read(end int) {
	start, inQuotes := end, false
	for i := end; i < len(p.text); i++ {
		switch ch := p.text[i]; {
		case ch == '"':
			inQuotes = !inQuotes
		case !inQuotes && (ch == ';' || ch == ':'):
			if i > start {
				name, value, _ := strings.Cut(p.text[start+1:i], "=")
				if strings.EqualFold(name, "SCHEDULE-AGENT") {
					p.agent, p.agentFrom, p.agentTo = strings.ToUpper(strings.Trim(value, `"`)), start, i
				}
			}
			start = i
			if ch == ':' {
				p.value = p.text[i+1:]
				return
			}
		}
	}
}

// fold breaks a line after at most 75 octets, between characters (RFC 5545
// section 3.1).
func fold(s, ending string) string {
	var b strings.Builder
	for room := 75; len(s) > room; room = 74 {
		n := room
		for n > 1 && !utf8.RuneStart(s[n]) {
			n--
		}
		b.WriteString(s[:n] + ending + " ")
		s = s[n:]
	}
	return b.String() + s + ending
}
