package imap

import (
	"bytes"
	"strconv"
	"strings"

	"postrider/agent/mailserver"
)

// response splits an untagged response into its first words: "* 5 FETCH (..."
// is FETCH, "* OK [..." is OK.
func response(line []byte) (name string, rest []byte, ok bool) {
	if len(line) < 3 || line[0] != '*' || line[1] != ' ' {
		return "", nil, false
	}
	word, rest := nextWord(line[2:])
	if len(word) > 0 && word[0] >= '0' && word[0] <= '9' {
		word, rest = nextWord(rest)
	}
	return strings.ToUpper(string(word)), rest, true
}

func nextWord(b []byte) (word, rest []byte) {
	b = bytes.TrimLeft(b, " ")
	i := bytes.IndexAny(b, " \r\n(")
	if i < 0 {
		return b, nil
	}
	return b[:i], b[i:]
}

// wanted reports whether a response has to be understood as a whole before it
// is passed on or not: status responses, tagged ones, VANISHED, LIST, STATUS and
// continuation requests.
func (w *wire) wanted(line []byte) bool {
	if line[0] != '*' {
		return true
	}
	// The inner loop of every fetch: "* 123 FETCH (".
	if len(line) > 2 && line[2] >= '0' && line[2] <= '9' {
		return false
	}
	switch name, _, _ := response(line); name {
	case "OK", "NO", "BAD", "PREAUTH", "BYE", "VANISHED", "LIST", "STATUS":
		return true
	}
	return false
}

// classify decides whether the response that begins with line is passed on.
// go-imap closes the connection at responses that it does not know.
func (w *wire) classify(line []byte) {
	w.fetch, w.limit, w.pass = false, maxLine, false
	if len(line) < 3 || line[1] != ' ' {
		return
	}
	word, rest := nextWord(line[2:])
	if len(word) > 0 && word[0] >= '0' && word[0] <= '9' {
		word, _ = nextWord(rest)
	}
	is := func(name string) bool { return len(word) == len(name) && strings.EqualFold(string(word), name) }
	switch {
	case is("FETCH"):
		w.fetch, w.pass = true, true
		w.event()
	case is("EXISTS"), is("EXPUNGE"):
		w.pass = true
		w.event()
	case is("SEARCH"), is("ESEARCH"):
		w.limit, w.pass = maxListLine, true
	}
}

// understand handles a line that wanted chose, and returns what go-imap is to
// read in its place.
func (w *wire) understand(line []byte) ([]byte, error) {
	if line[0] == '+' {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.x != nil {
			select {
			case w.x.cont <- struct{}{}:
			default: // nobody waits for a second one
			}
			return nil, nil
		}
		if w.conts == 0 { // nobody waits for it: go-imap would give up
			return nil, nil
		}
		w.conts--
		if w.idleTag && w.conts == 0 {
			w.idling = true
			w.deadline()
		}
		return []byte("+ go on\r\n"), nil
	}
	if line[0] != '*' {
		return w.tagged(line), nil
	}
	name, rest, _ := response(line)
	switch name {
	case "VANISHED":
		w.vanish(rest)
		return nil, nil
	case "LIST", "STATUS":
		return w.named(name, line)
	}
	code, text := status(rest)
	if strings.EqualFold(code, "ALERT") {
		w.alert(text)
	}
	if name == "BYE" {
		w.mu.Lock()
		w.bye = text
		w.mu.Unlock()
		return nil, nil
	}
	if name != "OK" {
		return nil, nil
	}
	w.mu.Lock()
	opening := w.examines > 0
	w.mu.Unlock()
	word, arg, _ := strings.Cut(code, " ")
	word = strings.ToUpper(word)
	switch word {
	case "PERMANENTFLAGS":
		if opening {
			w.mu.Lock()
			w.opened.permanent, w.opened.told = strings.Fields(strings.Trim(arg, " ()")), true
			w.mu.Unlock()
		}
	case "UIDNEXT", "UIDVALIDITY":
		if n, err := strconv.ParseUint(strings.TrimSpace(arg), 10, 32); err == nil && opening {
			return []byte("* OK [" + word + " " + strconv.FormatUint(n, 10) + "] ok\r\n"), nil
		}
	case "HIGHESTMODSEQ":
		if n, err := strconv.ParseUint(strings.TrimSpace(arg), 10, 64); err == nil && opening {
			return []byte("* OK [" + word + " " + strconv.FormatUint(n, 10) + "] ok\r\n"), nil
		}
	}
	return nil, nil
}

// tagged handles the end of a command. Of response codes go-imap gets only those
// of refusals; it trips over some of the others.
func (w *wire) tagged(line []byte) []byte {
	tag, rest := nextWord(line)
	if len(tag) < 2 || tag[0] != 'T' && tag[0] != 'Z' {
		return nil // of nobody
	}
	word, rest := nextWord(rest)
	code, text := status(rest)
	result := strings.ToUpper(string(word))
	if !w.account(string(tag), answer{result: result, code: code, text: text}) {
		return nil
	}
	if strings.EqualFold(code, "ALERT") {
		w.alert(text)
	}
	if tag[0] == 'Z' {
		return nil
	}
	out := string(tag) + " " + result
	if result == "OK" {
		return []byte(out + " done\r\n")
	}
	if code, _, _ = strings.Cut(code, " "); code != "" {
		out += " [" + atomOnly(code) + "]"
	}
	if text = mailserver.Printable(text); text == "" {
		text = "refused"
	}
	return []byte(out + " " + text + "\r\n")
}

// account notes that a command ended, and gives its end to the exchange that sent
// it, if one did; false: nobody sent it. Both under one lock, for who waited sends
// the next command at once: what this one said must not count for that.
func (w *wire) account(tag string, a answer) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if tag[0] == 'Z' && tag != probeTag && (w.x == nil || !w.x.finished(tag, a)) {
		return false
	}
	if w.examines > 0 && strings.EqualFold(a.code, "READ-ONLY") {
		w.opened.readOnly = true
	}
	if w.pending > 0 {
		w.pending--
	}
	if w.pending == 0 {
		w.idling, w.idleTag, w.examines, w.conts = false, false, 0, 0
		w.deadline()
	}
	return true
}

// status reads "[code] text"; a code that is never closed is text.
func status(rest []byte) (code, text string) {
	s := strings.TrimSpace(string(rest))
	if strings.HasPrefix(s, "[") {
		if i := strings.IndexByte(s, ']'); i > 0 {
			return s[1:i], mailserver.Printable(s[i+1:])
		}
	}
	return "", mailserver.Printable(s)
}

func atomOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`(){}%*"\]`, r) {
			return '-'
		}
		return r
	}, s)
}

// vanish reads "(EARLIER) 1:3,5" and hands the UIDs over.
func (w *wire) vanish(rest []byte) {
	s := strings.TrimSpace(string(rest))
	earlier := false
	if len(s) >= 9 && strings.EqualFold(s[:9], "(EARLIER)") {
		earlier, s = true, strings.TrimSpace(s[9:])
	}
	if set, ok := parseRanges(s); ok {
		w.lift(set, earlier)
		if !earlier {
			w.event()
		}
	}
}
