package imaptest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (c *FakeConn) handle(cmd FakeCommand) {
	f := c.f
	f.Lock()
	defer f.Unlock()
	switch cmd.Name {
	case "CAPABILITY":
		auth := f.Auth
		if auth == nil {
			auth = []string{"AUTH=PLAIN"}
		}
		c.Send("* CAPABILITY IMAP4rev1 "+strings.Join(slices.Concat(auth, f.Caps), " "), cmd.Tag+" OK done")
	case "ENABLE":
		c.Send("* ENABLED "+cmd.Args, cmd.Tag+" OK done")
	case "LIST":
		c.Send(`* LIST (\HasNoChildren) "/" INBOX`, cmd.Tag+" OK done")
	case "EXAMINE", "SELECT":
		c.Send(fmt.Sprintf("* %d EXISTS", len(f.Messages)), "* 0 RECENT", `* FLAGS (\Seen)`, fmt.Sprintf("* OK [UIDVALIDITY %d] x", f.UIDValidity), fmt.Sprintf("* OK [UIDNEXT %d] x", f.UIDNext))
		if f.HighestModSeq > 0 {
			c.Send(fmt.Sprintf("* OK [HIGHESTMODSEQ %d] x", f.HighestModSeq))
		} else {
			c.Send("* OK [NOMODSEQ] x")
		}
		mode := "READ-ONLY"
		if cmd.Name == "SELECT" {
			mode = "READ-WRITE"
		}
		c.Send(cmd.Tag + " OK [" + mode + "] done")
	case "STATUS":
		c.Send(fmt.Sprintf("* STATUS INBOX (MESSAGES %d UIDNEXT %d UIDVALIDITY %d HIGHESTMODSEQ %d)", len(f.Messages), f.UIDNext, f.UIDValidity, f.HighestModSeq), cmd.Tag+" OK done")
	case "SEARCH", "UID SEARCH":
		c.search(cmd)
	case "FETCH", "UID FETCH":
		c.fetch(cmd)
	case "IDLE":
		c.Send("+ idling")
		c.f.Unlock()
		line := c.ReadLine()
		c.f.Lock()
		if strings.EqualFold(line, "DONE") {
			c.OK(cmd)
		}
	case "LOGOUT":
		c.Close()
	default:
		c.OK(cmd)
	}
}

// in reports whether n is in a sequence set; last is what * stands for.
func in(set string, n, last uint32) bool {
	num := func(s string) uint32 {
		if s == "*" {
			return last
		}
		v, _ := strconv.ParseUint(s, 10, 32)
		return uint32(v)
	}
	for _, part := range strings.Split(set, ",") {
		a, b, ok := strings.Cut(part, ":")
		lo := num(a)
		hi := lo
		if ok {
			hi = num(b)
		}
		if n >= min(lo, hi) && n <= max(lo, hi) {
			return true
		}
	}
	return false
}

func (c *FakeConn) search(cmd FakeCommand) {
	args := cmd.Args
	extended := strings.HasPrefix(args, "RETURN (ALL) ")
	args = strings.TrimPrefix(args, "RETURN (ALL) ")
	set := ""
	if s, ok := strings.CutPrefix(args, "UID "); ok {
		set, _, _ = strings.Cut(s, " ")
	}
	var hits []string
	for i, m := range c.f.Messages {
		if set != "" && !in(set, m.UID, c.f.Messages[len(c.f.Messages)-1].UID) {
			continue
		}
		n := m.UID
		if cmd.Name == "SEARCH" {
			n = uint32(i + 1)
		}
		hits = append(hits, strconv.Itoa(int(n)))
	}
	switch {
	case !extended:
		c.Send(strings.TrimRight("* SEARCH "+strings.Join(hits, " "), " "))
	case len(hits) == 0:
		c.Send(fmt.Sprintf(`* ESEARCH (TAG "%s")`, cmd.Tag))
	default:
		uid := ""
		if cmd.Name == "UID SEARCH" {
			uid = " UID"
		}
		c.Send(fmt.Sprintf(`* ESEARCH (TAG "%s")%s ALL %s`, cmd.Tag, uid, strings.Join(hits, ",")))
	}
	c.OK(cmd)
}

func (c *FakeConn) fetch(cmd FakeCommand) {
	set, items, _ := strings.Cut(cmd.Args, " ")
	since := uint64(0)
	if _, s, ok := strings.Cut(items, "(CHANGEDSINCE "); ok {
		s, _, _ = strings.Cut(s, ")")
		s, _, vanished := strings.Cut(s, " ")
		since, _ = strconv.ParseUint(s, 10, 64)
		if vanished && c.f.Vanished != "" {
			c.Send("* VANISHED (EARLIER) " + c.f.Vanished)
		}
	}
	for i, m := range slices.Clone(c.f.Messages) {
		n, last := m.UID, c.f.Messages[len(c.f.Messages)-1].UID
		if cmd.Name == "FETCH" {
			n, last = uint32(i+1), uint32(len(c.f.Messages))
		}
		if !in(set, n, last) || since > 0 && m.ModSeq <= since {
			continue
		}
		if c.f.Fetch != nil && c.f.Fetch(c, cmd, i+1, m) {
			if c.gone {
				return
			}
			continue
		}
		c.Raw(m.Answer(i+1, items))
	}
	c.OK(cmd)
}

// Answer is a FETCH response for the items of a command.
func (m FakeMessage) Answer(seq int, items string) string {
	out := []string{fmt.Sprintf("UID %d", m.UID)}
	if strings.Contains(items, "FLAGS") {
		out = append(out, "FLAGS ("+m.Flags+")")
	}
	if strings.Contains(items, "INTERNALDATE") {
		out = append(out, `INTERNALDATE "04-Mar-2026 10:15:00 +0100"`)
	}
	if strings.Contains(items, "RFC822.SIZE") {
		out = append(out, fmt.Sprintf("RFC822.SIZE %d", len(m.Raw)))
	}
	if body := m.Body(items); body != "" {
		out = append(out, body)
	}
	return fmt.Sprintf("* %d FETCH (%s)\r\n", seq, strings.Join(out, " "))
}

// Body is the BODY[...] item of an answer, "" if none was asked for. Of a header
// all fields are sent.
func (m FakeMessage) Body(items string) string {
	head, _, _ := strings.Cut(m.Raw, "\r\n\r\n")
	head += "\r\n\r\n"
	if i := strings.Index(items, "BODY.PEEK[HEADER"); i >= 0 {
		spec, _, _ := strings.Cut(items[i+len("BODY.PEEK["):], "]")
		return fmt.Sprintf("BODY[%s] {%d}\r\n%s", spec, len(head), head)
	}
	_, partial, ok := strings.Cut(items, "BODY.PEEK[]")
	if !ok {
		return ""
	}
	raw, at := m.Raw, ""
	var off, n int
	if k, _ := fmt.Sscanf(partial, "<%d.%d>", &off, &n); k == 2 {
		off = min(off, len(raw))
		raw = raw[off:min(len(raw), off+n)]
		at = fmt.Sprintf("<%d>", off)
	}
	return fmt.Sprintf("BODY[]%s {%d}\r\n%s", at, len(raw), raw)
}

// Plain decodes the response of AUTHENTICATE PLAIN and the like.
func Plain(s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(b)
}
