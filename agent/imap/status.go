package imap

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"postrider/offline"
)

// maxCommand bounds the length of a command line that we make (RFC 7162
// section 4 asks for no more than 8192 bytes).
const maxCommand = 8000

// Status says how folders are without opening them; see agent.Poller. It takes
// one round trip: LIST with RETURN (STATUS ...) where the server has it (RFC
// 5819), else one STATUS for each folder, sent in one go. A folder that is not
// there, or of which the server says nothing, is left out.
func (m *Mailbox) Status(ctx context.Context, names []string) (list []offline.FolderStatus, err error) {
	const op = "look at the folders"
	if len(names) == 0 {
		return nil, nil
	}
	err = m.beside(ctx, op, func(s *session) error {
		list, err = s.statuses(ctx, op, names)
		return err
	})
	return list, err
}

func (s *session) statuses(ctx context.Context, op string, names []string) ([]offline.FolderStatus, error) {
	leave := s.leaving()
	lines := leave
	lists := 0
	rest := names
	if s.caps["LIST-STATUS"] && s.caps["LIST-EXTENDED"] && !s.noListStatus {
		for _, items := range s.statusItems() {
			lines, rest = inLists(lines, names, items)
		}
		lists = len(lines) - len(leave)
	}
	for _, name := range rest {
		for _, items := range s.statusItems() {
			lines = append(lines, "STATUS "+mailboxArg(name)+" "+items)
		}
	}
	x, err := s.ask(ctx, op, lines...)
	if err != nil {
		return nil, err
	}
	got := map[string]offline.FolderStatus{}
	for _, line := range x.untagged {
		if st, ok := readStatus(line); ok {
			was := got[st.Name]
			got[st.Name] = offline.FolderStatus{
				Name: st.Name, ObjectID: cmp.Or(st.ObjectID, was.ObjectID), UIDValidity: max(st.UIDValidity, was.UIDValidity), UIDNext: max(st.UIDNext, was.UIDNext),
				HighestModSeq: max(st.HighestModSeq, was.HighestModSeq), Messages: max(st.Messages, was.Messages),
			}
		}
	}
	again, err := s.understood(x.answers[len(leave):], lists, op)
	if again {
		return s.statuses(ctx, op, names)
	}
	if err != nil && len(got) == 0 {
		return nil, err
	}
	var out []offline.FolderStatus
	for _, name := range names {
		if st, ok := got[canonical(name)]; ok && st.UIDValidity != 0 {
			st.Name = name
			out = append(out, st)
		}
	}
	return out, nil
}

// understood looks at the answers to LIST, of which there are lists, and to
// STATUS behind them. again: the server refused what it said it could; it won't
// be asked so again. err: a folder could not be looked at for a reason other
// than that it is not there.
func (s *session) understood(answers []answer, lists int, op string) (again bool, err error) {
	for i, a := range answers {
		if a.result == "OK" {
			continue
		}
		if i < lists {
			s.noListStatus, again = true, true
			continue
		}
		if a.result == "BAD" && s.objectItem() != "" {
			s.noObjects, again = true, true
			continue
		}
		if textClass(a.text) == offline.FaultNotFound || a.word() == "NONEXISTENT" || a.word() == "TRYCREATE" {
			continue
		}
		s.cfg.Log.Debug("imap: a folder can't be looked at", "answer", a.text)
		if err == nil {
			err = a.refusal(op, offline.FaultServer)
		}
	}
	return again, err
}

// inLists adds to lines what asks about names by LIST with patterns, as many to
// a line as fit. rest are the names that would be taken for patterns.
func inLists(lines []string, names []string, items string) (_ []string, rest []string) {
	var args []string
	size := 0
	flush := func() {
		if len(args) > 0 {
			lines = append(lines, `LIST "" (`+strings.Join(args, " ")+") RETURN (STATUS "+items+")")
			args, size = nil, 0
		}
	}
	for _, name := range names {
		if strings.ContainsAny(name, "*%") {
			rest = append(rest, name)
			continue
		}
		arg := mailboxArg(name)
		if size += len(arg) + 1; size > maxCommand-300 {
			flush()
			size = len(arg) + 1
		}
		args = append(args, arg)
	}
	flush()
	return lines, rest
}

// leaving are the commands that close the folder at hand without a change to
// it: STATUS of an open one need not be true (RFC 3501 section 6.3.10).
func (s *session) leaving() []string {
	if s.folder == "" {
		return nil
	}
	s.folder = ""
	if s.caps["UNSELECT"] {
		return []string{"UNSELECT"}
	}
	return []string{"CLOSE"} // it was opened with EXAMINE: nothing is expunged
}

// statusItems are what to ask of a folder, each list in a command of its own.
// Cyrus (3.6) answers MAILBOXID with whatever lies in its memory if it is asked
// together with what makes it open the folder; asked alone, it is right.
func (s *session) statusItems() []string {
	items := "MESSAGES UIDNEXT UIDVALIDITY"
	if s.condstore() {
		items += " HIGHESTMODSEQ"
	}
	switch o := s.objectItem(); {
	case o == "":
		return []string{"(" + items + ")"}
	case strings.Contains(s.server, `"cyrus`):
		return []string{"(" + items + ")", "(" + o + ")"}
	default:
		return []string{"(" + items + " " + o + ")"}
	}
}

// objectItem is what to ask for an id that stays with a folder when it is
// renamed: MAILBOXID of RFC 8474, or the GUID that Dovecot has always had
// (doc.dovecot.org, IMAP extensions: X-GUID). Empty: the server has none.
func (s *session) objectItem() string {
	switch {
	case s.noObjects:
		return ""
	case s.caps["OBJECTID"]:
		return "MAILBOXID"
	case strings.Contains(s.server, `"dovecot"`):
		return "X-GUID"
	}
	return ""
}

// readStatus reads `STATUS name (MESSAGES 3 MAILBOXID (F1) ...)`.
func readStatus(line string) (st offline.FolderStatus, ok bool) {
	word, rest, _ := strings.Cut(line, " ")
	if !strings.EqualFold(word, "STATUS") {
		return st, false
	}
	name, rest, ok := astring(rest)
	if !ok || !goodName(name) {
		return st, false
	}
	st.Name = canonical(decodeName(name))
	words := strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == '(' || r == ')' })
	for pair := range slices.Chunk(words, 2) {
		if len(pair) < 2 {
			break
		}
		n, err := strconv.ParseUint(pair[1], 10, 64)
		small := uint32(n)
		if err != nil || n > 1<<32-1 {
			small = 0
		}
		switch strings.ToUpper(pair[0]) {
		case "MESSAGES":
			st.Messages = small
		case "UIDNEXT":
			st.UIDNext = small
		case "UIDVALIDITY":
			st.UIDValidity = small
		case "HIGHESTMODSEQ":
			st.HighestModSeq = n
		case "MAILBOXID", "X-GUID":
			if objectID(pair[1]) {
				st.ObjectID = pair[1]
			}
		}
	}
	return st, true
}

// objectID reports whether s can be an id (RFC 8474 section 7, objectid).
func objectID(s string) bool {
	return s != "" && len(s) <= 255 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// astring reads an atom or a quoted string at the beginning of s.
func astring(s string) (value, rest string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexAny(s, " ()")
		if i < 0 {
			i = len(s)
		}
		return s[:i], s[i:], i > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
