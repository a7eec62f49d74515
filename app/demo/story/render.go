package story

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Message is a message of the story.
type Message struct {
	Name       string // in the texts; unique
	Folder     string // "-": not in the mailbox, only in the CRM
	ID         string // Message-ID with <>
	Date       time.Time
	From       *Person
	To, Cc     []*Person
	Subject    string
	Text       string // what the sender wrote, without signature and quotation
	References []string
	Flags      []string
	Regarding  string // tracked: the key of the record it is about
	Owner      string // tracked: the key of the user who tracked it; empty: not tracked
	Files      []File // what is attached
	Raw        []byte

	threadIndex []byte
}

// teller renders drafts: one seed, one cast.
type teller struct {
	*cast
	now  time.Time
	seed uint64
	done map[string]*Message
}

// rand is a source of its own for each message, so that one more message changes
// no other.
func (t *teller) rand(name string) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", t.seed, name))
	return rand.New(rand.NewChaCha8(sum))
}

func hexOf(r *rand.Rand, bytes int) string {
	b := make([]byte, bytes)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return hex.EncodeToString(b)
}

// messageID makes one in the manner of the sender's program.
func messageID(p *Person, date time.Time, r *rand.Rand) string {
	local, domain, _ := strings.Cut(p.Addr, "@")
	switch p.Mailer {
	case "office":
		return "<AM9PR04MB" + strings.ToUpper(hexOf(r, 12)) + "@AM9PR04." + domain + ">"
	case "phone":
		u := strings.ToUpper(hexOf(r, 16))
		return "<" + strings.Join([]string{u[:8], u[8:12], u[12:16], u[16:20], u[20:]}, "-") + "@" + domain + ">"
	case "becky":
		return "<" + date.Format("20060102150405") + "." + strings.ToUpper(hexOf(r, 2)) + "." + strings.ToUpper(local) + "@" + domain + ">"
	case "old":
		return "<" + date.Format("060102") + "." + hexOf(r, 4) + "$@" + domain + ">"
	case "script":
		return "<" + hexOf(r, 10) + "." + date.Format("20060102") + "@mailer." + domain + ">"
	}
	u := hexOf(r, 16)
	return "<" + strings.Join([]string{u[:8], u[8:12], u[12:16], u[16:20], u[20:]}, "-") + "@" + domain + ">"
}

var programs = map[string]string{
	"thunder": "User-Agent: Mozilla Thunderbird", "office": "X-Mailer: Microsoft Outlook 16.0",
	"phone": "X-Mailer: iPhone Mail (22G86)", "becky": "X-Mailer: Becky! ver. 2.81", "old": "X-Mailer: The Bat! (v3.99)",
}

// render makes the message of a draft. Its parent must have been rendered.
func (t *teller) render(d *draft) (*Message, error) {
	r := t.rand(d.name)
	parent := t.done[d.re]
	if d.fwd != "" {
		parent = t.done[d.fwd]
	}
	m := &Message{Name: d.name, From: d.from, To: d.to, Cc: d.cc, Text: d.text, Date: t.date(d, parent, r)}
	m.ID = messageID(d.from, m.Date, r)
	m.Subject = d.subjectOf(parent)
	m.Folder = d.options["in"]
	switch {
	case m.Folder != "":
	case d.from.Key == "ann":
		m.Folder = "Sent"
	default:
		m.Folder = "INBOX"
	}
	if track, ok := d.options["track"]; ok {
		m.Regarding, m.Owner, _ = strings.Cut(track, ":")
		if m.Owner == "" {
			m.Owner = "ann"
		}
	}
	switch {
	case parent != nil && !d.has("strip"):
		m.References = append(slices.Clone(parent.References), parent.ID)
	case d.has("stranger"):
		m.References = []string{"<" + hexOf(r, 8) + "@catalogue-2025." + strings.SplitAfter(d.from.Addr, "@")[1] + ">"}
	}
	m.threadIndex = threadIndex(parent, m, d.has("strip"), r)
	content, err := t.content(d, m, parent, r)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", d.name, err)
	}
	content.head = append(t.header(d, m), content.head...)
	m.Raw = content.bytes()
	m.Flags = t.flags(d, m, r)
	t.done[d.name] = m
	return m, nil
}

// date puts a message on a working day, after its parent and before now.
func (t *teller) date(d *draft, parent *Message, r *rand.Rand) time.Time {
	at := t.now.Add(-d.ago).In(d.from.zone)
	if d.days > 0 {
		y, month, day := t.now.In(d.from.zone).Date()
		at = time.Date(y, month, day-d.days, 0, 0, r.IntN(60), 0, d.from.zone).Add(d.hour)
		switch at.Weekday() {
		case time.Saturday:
			at = at.AddDate(0, 0, -1)
		case time.Sunday:
			at = at.AddDate(0, 0, -2)
		}
	}
	if parent != nil && !at.After(parent.Date) {
		at = parent.Date.In(d.from.zone).Add(time.Duration(4+r.IntN(40)) * time.Minute)
	}
	if latest := t.now.Add(-time.Minute); at.After(latest) && d.ago != 0 || at.After(t.now) {
		at = latest.In(d.from.zone)
	}
	return at.Truncate(time.Second)
}

var replyPrefix = map[string]string{"de": "AW: ", "sv": "SV: ", "cs": "RE: ", "fr": "RE: "}

// bare takes Re:, AW: and the like off a subject.
func bare(subject string) string {
	for {
		prefix, rest, ok := strings.Cut(subject, ":")
		switch strings.ToUpper(strings.TrimSpace(prefix)) {
		case "RE", "AW", "SV", "FW", "FWD", "WG", "VB", "TR":
		default:
			return subject
		}
		if !ok {
			return subject
		}
		subject = strings.TrimSpace(rest)
	}
}

func (d *draft) subjectOf(parent *Message) string {
	more, ok := strings.CutPrefix(d.subject, ".")
	if !ok || parent == nil || d.has("subjectraw") {
		return d.subject
	}
	subject := bare(parent.Subject)
	if more = strings.TrimSpace(more); more != "" && !strings.Contains(subject, more) {
		subject += " " + more
	}
	if d.fwd != "" {
		return "Fwd: " + subject
	}
	prefix := replyPrefix[d.from.Lang]
	if prefix == "" {
		prefix = "Re: "
	}
	return prefix + subject
}

// threadIndex makes Outlook's conversation index (MS-OXOMSG section 2.2.1.3): 22
// bytes for the first message, five more for each answer. Other programs have
// none and lose it.
func threadIndex(parent, m *Message, stripped bool, r *rand.Rand) []byte {
	if m.From.Mailer != "office" {
		return nil
	}
	if parent != nil && !stripped && len(parent.threadIndex) >= 22 {
		return append(slices.Clone(parent.threadIndex), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 0x10)
	}
	ticks := uint64(m.Date.Unix()+11644473600) * 10_000_000 // a FILETIME
	out := []byte{1, byte(ticks >> 48), byte(ticks >> 40), byte(ticks >> 32), byte(ticks >> 24), byte(ticks >> 16)}
	for range 16 {
		out = append(out, byte(r.Uint32()))
	}
	return out
}

func (t *teller) header(d *draft, m *Message) [][2]string {
	c := charsetOf(d.options["charset"], m.Subject)
	var head [][2]string
	add := func(name, value string) { head = append(head, [2]string{name, value}) }
	if m.Folder != "Sent" && m.From.Kind != "user" {
		_, domain, _ := strings.Cut(m.From.Addr, "@")
		sum := sha256.Sum256([]byte(m.ID))
		add("Return-Path", "<"+m.From.Addr+">")
		add("Received", fmt.Sprintf("from mx.%s (mx.%s [192.0.2.%d])\r\n by mail.alder.example with ESMTPS id %X\r\n for <ann@alder.example>; %s",
			domain, domain, 1+sum[0]%250, sum[1:5], m.Date.Add(2*time.Second).UTC().Format(time.RFC1123Z)))
	}
	add("From", address(m.From, c))
	add("To", addresses(m.To, c))
	if len(m.Cc) > 0 {
		add("Cc", addresses(m.Cc, c))
	}
	if m.Subject != "" {
		if raw, ok := c.encode(m.Subject); ok && d.has("rawhead") {
			add("Subject", string(raw))
		} else {
			add("Subject", word(m.Subject, c))
		}
	}
	add("Date", m.Date.Format(time.RFC1123Z))
	add("Message-ID", m.ID)
	if n := len(m.References); n > 0 {
		add("In-Reply-To", m.References[n-1])
		add("References", strings.Join(m.References, "\r\n "))
	}
	if m.threadIndex != nil {
		add("Thread-Topic", word(bare(m.Subject), c))
		add("Thread-Index", base64.StdEncoding.EncodeToString(m.threadIndex))
	}
	if name, value, ok := strings.Cut(programs[m.From.Mailer], ": "); ok {
		add(name, value)
	}
	head = append(head, d.head...)
	add("MIME-Version", "1.0")
	return head
}

// content makes the body with all its parts.
func (t *teller) content(d *draft, m, parent *Message, r *rand.Rand) (part, error) {
	boundary := func() string { return "=_" + hexOf(r, 12) }
	text := d.text
	if sign := t.signature(d); sign != "" {
		text += "\n\n" + sign
	}
	if parent != nil && !d.noQuote && m.From.Mailer != "script" {
		text += "\n\n" + quote(d, parent)
	}
	// Without an answer to quote, an empty message stays empty.
	if d.invite != "" {
		return t.invitation(d, text, boundary), nil
	}
	c := charsetOf(d.options["charset"], text)
	if d.report {
		return multipart("report", boundary(), "; report-type=delivery-status", reportParts(d, text, c)...), nil
	}
	body := textPart("plain", text, c)
	var inline []File
	if markup := d.html; markup != "" || t.wantsHTML(d) {
		if markup == "" {
			markup, inline = t.markup(d, m, text)
		}
		rich := textPart("html", markup, c)
		if len(inline) > 0 {
			related := []part{rich}
			for _, f := range inline {
				related = append(related, filePart(f))
			}
			rich = multipart("related", boundary(), "; type=\"text/html\"", related...)
		}
		body = multipart("alternative", boundary(), "", body, rich)
	}
	for spec := range strings.SplitSeq(d.options["attach"], ",") {
		if kind, name, ok := strings.Cut(spec, ":"); ok {
			f, err := newFile(kind, name)
			if err != nil {
				return part{}, err
			}
			m.Files = append(m.Files, f)
		}
	}
	parts := []part{body}
	for _, f := range m.Files {
		parts = append(parts, filePart(f))
	}
	return multipart("mixed", boundary(), "", parts...), nil
}

func (t *teller) wantsHTML(d *draft) bool {
	switch d.options["html"] {
	case "plain":
		return false
	case "":
		return d.from.Mailer == "office"
	}
	return true
}

// markup makes HTML of a text, in the manner of the option html.
func (t *teller) markup(d *draft, m *Message, text string) (string, []File) {
	body, quoted, _ := strings.Cut(text, "\n\n> ")
	var b strings.Builder
	dir := ""
	if d.from.Lang == "ar" || d.from.Lang == "he" {
		dir = ` dir="rtl"`
	}
	fmt.Fprintf(&b, "<html><head><style>p{margin:0 0 10px}</style></head><body%s style=\"font-family:Calibri,sans-serif;font-size:11pt\">\n", dir)
	for p := range strings.SplitSeq(body, "\n\n") {
		fmt.Fprintf(&b, "<p>%s</p>\n", strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n"))
	}
	var inline []File
	switch d.options["html"] {
	case "cid":
		cid := "image001." + strings.Trim(m.ID, "<>")
		inline = append(inline, File{Name: "image001.png", Type: "image/png", cid: cid, Data: picture(m.Name, 220, 90)})
		fmt.Fprintf(&b, "<p><img src=\"cid:%s\" width=\"220\" height=\"90\" alt=\"\"></p>\n", cid)
	case "remote":
		_, domain, _ := strings.Cut(d.from.Addr, "@")
		fmt.Fprintf(&b, "<p><a href=\"http://%s/c?u=ann\"><img src=\"http://img.%s/button.png\" alt=\"Continue\"></a><img src=\"http://img.%s/o.gif?id=%s\" width=\"1\" height=\"1\"></p>\n",
			domain, domain, domain, m.Name)
	}
	if quoted != "" {
		fmt.Fprintf(&b, "<blockquote style=\"border-left:2px solid #888;padding-left:8px\">%s</blockquote>\n",
			strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(quoted, "\n> ", "\n")), "\n", "<br>\n"))
	}
	b.WriteString("</body></html>\n")
	return b.String(), inline
}

// signature is what the sender's program puts below first mails and answers.
func (t *teller) signature(d *draft) string {
	p := d.from
	if p.Title == "" || d.text == "" || p.Mailer == "phone" || p.Mailer == "old" || p.Mailer == "script" || p.Kind == "colleague" {
		return ""
	}
	line := p.Name + "\n" + p.Title + ", " + t.company(p) + "\n" + p.Phone
	if p.Mailer == "office" {
		return line
	}
	return "-- \n" + line
}

var wrote = map[string]string{
	"de": "Am %s schrieb %s:", "cs": "Dne %s napsal(a) %s:", "fr": "Le %s, %s a écrit :",
	"sv": "Den %s skrev %s:", "ja": "%s %s wrote:", "en": "On %s, %s wrote:",
}

// quote repeats the beginning of the message that is answered or forwarded.
func quote(d *draft, parent *Message) string {
	lines := strings.Split(wrap(parent.Text, 72), "\n")
	if d.fwd != "" {
		return fmt.Sprintf("---------- Forwarded message ----------\nFrom: %s <%s>\nDate: %s\nSubject: %s\n\n%s",
			parent.From.Name, parent.From.Addr, parent.Date.Format("Mon, 2 Jan 2006 15:04"), parent.Subject, parent.Text)
	}
	if len(lines) > 12 {
		lines = append(lines[:12], "[...]")
	}
	format := wrote[d.from.Lang]
	if format == "" {
		format = wrote["en"]
	}
	return fmt.Sprintf(format, parent.Date.In(d.from.zone).Format("2006-01-02 15:04"), parent.From.Name) + "\n\n> " + strings.Join(lines, "\n> ")
}

// flags says what Ann did with a message. Whether she answered it is known when
// all are told.
func (t *teller) flags(d *draft, m *Message, r *rand.Rand) []string {
	var out []string
	old := t.now.Sub(m.Date) > 48*time.Hour
	routine := m.From.Mailer == "script"
	if m.Folder == "Sent" || m.From.Key == "ann" || old && m.Folder != "Junk" && (!routine || r.IntN(2) == 0) {
		out = append(out, `\Seen`)
	}
	if d.options["flags"] == "flagged" {
		out = append(out, `\Flagged`)
	}
	if m.Folder == "Junk" {
		out = append(out, "$Junk")
	}
	return out
}
