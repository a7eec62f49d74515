package compose

import (
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// Original is a message that is answered or forwarded.
type Original struct {
	offline.Message
	Text  string               // its text
	Files []offline.Attachment // its attachments, without their bytes
	Sizes []int64              // of Files, where they are known
}

// maxReferences bounds how many messages an answer names; the first and the
// last ones are kept, as they name the conversation and what is answered.
const maxReferences = 50

// Reply begins an answer to o: to whom it goes, its subject, its place in the
// conversation and the quoted text. isOwn tells the user's own addresses, to
// which no answer goes; with all it goes to everybody else who had o, too. An
// answer to a message that the user sent goes where that went.
func Reply(o Original, isOwn func(addr string) bool, all bool) offline.Draft {
	d := offline.Draft{
		Answers: o.Key, Subject: ReplySubject(o.Subject),
		Text: "\n\n" + Quote(o),
	}
	thread(&d, o)
	d.To, d.Cc = recipients(o, isOwn, all)
	return d
}

// Forward begins a message that passes o on, with its attachments.
func Forward(o Original) offline.Draft {
	d := offline.Draft{
		Answers: o.Key, Forward: true, Subject: ForwardSubject(o.Subject),
		Text: "\n\n" + passedOn(o),
	}
	thread(&d, o)
	for i, a := range o.Files {
		f := offline.DraftFile{Name: a.Name, Type: a.Type, From: o.Key, Part: i}
		if i < len(o.Sizes) {
			f.Size = o.Sizes[i]
		}
		d.Files = append(d.Files, f)
	}
	return d
}

// thread puts a draft into the conversation of o (RFC 5322 section 3.6.4).
func thread(d *offline.Draft, o Original) {
	d.ThreadIndex = o.ThreadIndex
	refs := o.References
	if len(refs) == 0 && len(o.InReplyTo) == 1 {
		refs = o.InReplyTo
	}
	refs = slices.Clone(refs)
	if !o.Computed { // nobody else knows a computed identity
		d.InReplyTo = o.Identity
		refs = append(slices.DeleteFunc(refs, func(id string) bool { return id == o.Identity }), o.Identity)
	}
	if len(refs) > maxReferences {
		refs = append(refs[:1:1], refs[len(refs)-maxReferences+1:]...)
	}
	d.References = refs
}

func recipients(o Original, isOwn func(string) bool, all bool) (to, cc []offline.Address) {
	seen := map[string]bool{}
	add := func(list []offline.Address, from []offline.Address) []offline.Address {
		for _, a := range from {
			k := offline.Fold(a.Addr)
			if k == "" || seen[k] || isOwn(k) {
				continue
			}
			seen[k] = true
			list = append(list, a)
		}
		return list
	}
	author := o.From
	if len(author) == 0 && o.Sender.Addr != "" {
		author = []offline.Address{o.Sender}
	}
	ours := len(author) > 0 && !slices.ContainsFunc(author, func(a offline.Address) bool { return !isOwn(offline.Fold(a.Addr)) })
	switch {
	case ours:
		to = add(to, o.To)
	case len(o.ReplyTo) > 0:
		to = add(to, o.ReplyTo)
	}
	if !ours && len(to) == 0 {
		to = add(to, author)
	}
	if all {
		if !ours {
			to = add(to, o.To)
		}
		cc = add(cc, o.Cc)
	}
	if len(to) == 0 && len(cc) > 0 {
		to, cc = cc, nil
	}
	if len(to) == 0 { // the user wrote to themselves
		to = slices.Clone(author)
	}
	return to, cc
}

// Quote is a text as an answer quotes it, under a line that says whose it is.
// The signature is left out (RFC 3676 section 4.3).
func Quote(o Original) string {
	var b strings.Builder
	b.WriteString(attribution(o) + "\n")
	for line := range strings.SplitSeq(withoutSignature(o.Text), "\n") {
		switch {
		case strings.HasPrefix(line, ">"):
			b.WriteString(">" + line)
		case line == "":
			b.WriteString(">")
		default:
			b.WriteString("> " + line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func attribution(o Original) string {
	return "On " + when(o.Date) + ", " + who(o.From) + " wrote:"
}

func when(t time.Time) string { return t.Format("2 January 2006 at 15:04 -0700") }

func who(list []offline.Address) string {
	if len(list) == 0 {
		return "somebody"
	}
	return written(list[0])
}

// written is an address as a person reads it.
func written(a offline.Address) string {
	name := cleanText(a.Name)
	if name == "" || name == a.Addr {
		return cleanText(a.Addr)
	}
	return name + " <" + cleanText(a.Addr) + ">"
}

// signatureLine divides text and signature (RFC 3676 section 4.3).
const signatureLine = "-- "

// withoutSignature cuts a signature off the end of a text.
func withoutSignature(text string) string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n ")
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0 && i >= len(lines)-20; i-- {
		if lines[i] == signatureLine || lines[i] == "--" {
			return strings.TrimRight(strings.Join(lines[:i], "\n"), "\n ")
		}
	}
	return text
}

// Sign puts a signature under what the user writes and over what is quoted
// below it. A text that holds it already stays as it is.
func Sign(text, signature string) string {
	signature = strings.Trim(strings.ReplaceAll(signature, "\r\n", "\n"), "\n")
	if signature == "" || strings.Contains(text, signatureLine+"\n"+signature) {
		return text
	}
	block := "\n\n" + signatureLine + "\n" + signature + "\n"
	own := strings.TrimLeft(text, "\n")
	if own != text || own == "" { // nothing written yet: blank lines, then the quotation
		if own == "" {
			return block
		}
		return block + "\n" + own
	}
	return strings.TrimRight(text, "\n") + block
}

// passedOn is a text as a forward has it.
func passedOn(o Original) string {
	var b strings.Builder
	b.WriteString("---------- Forwarded message ----------\n")
	line := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	list := func(as []offline.Address) string {
		var out []string
		for _, a := range as {
			out = append(out, written(a))
		}
		return strings.Join(out, ", ")
	}
	line("From", list(o.From))
	line("Date", when(o.Date))
	line("Subject", cleanText(o.Subject))
	line("To", list(o.To))
	line("Cc", list(o.Cc))
	b.WriteString("\n" + strings.TrimRight(o.Text, "\n ") + "\n")
	return b.String()
}
