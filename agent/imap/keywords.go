package imap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goimap "github.com/emersion/go-imap/v2"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// storeSize is how many UIDs one STORE names.
const storeSize = 300

// SetKeywords adds and removes keywords of messages in f, and touches no other
// flag; see agent.Marker. The change comes back with the next Sync of f like
// anybody else's. A Sync that runs beside it never hands over the flags as they
// were before.
func (m *Mailbox) SetKeywords(ctx context.Context, f offline.Folder, uids []uint32, add, remove []string) error {
	op := "mark messages of " + f.Name
	uids = slices.Clone(uids)
	slices.Sort(uids)
	uids = slices.Compact(uids)
	for _, k := range slices.Concat(add, remove) {
		if !keyword(k) {
			return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: fmt.Sprintf("%q is not a keyword", mailserver.Printable(k))}
		}
	}
	if len(uids) == 0 || len(add)+len(remove) == 0 {
		return nil
	}
	err := m.beside(ctx, op, func(s *session) error { return s.setKeywords(ctx, op, f, uids, add, remove) })
	if err == nil {
		m.mark(f.Name, uids, add, remove)
	}
	return err
}

// keyword reports whether s is one (RFC 3501 section 9, flag-keyword).
func keyword(s string) bool { return s != "" && atomOnly(s) == s }

func (s *session) setKeywords(ctx context.Context, op string, f offline.Folder, uids []uint32, add, remove []string) error {
	sel, o, err := s.openToWrite(ctx, f.Name)
	if err != nil {
		return err
	}
	switch {
	case f.Cursor.UIDValidity != 0 && sel.uidValidity != f.Cursor.UIDValidity:
		err = &offline.Fault{Class: offline.FaultExpired, Op: op, Text: "the server has numbered the folder anew"}
	case o.readOnly:
		err = &offline.Fault{Class: offline.FaultDenied, Op: op, Text: "the server lets " + f.Name + " be read only", Err: offline.ErrNoKeywords}
	case !o.keeps(add):
		err = &offline.Fault{Class: offline.FaultDenied, Op: op, Err: offline.ErrNoKeywords}
	}
	var lines []string
	if err == nil {
		for part := range slices.Chunk(uids, storeSize) {
			set := "UID STORE " + uidSet(part).String()
			if len(add) > 0 {
				lines = append(lines, set+" +FLAGS.SILENT ("+strings.Join(add, " ")+")")
			}
			if len(remove) > 0 {
				lines = append(lines, set+" -FLAGS.SILENT ("+strings.Join(remove, " ")+")")
			}
		}
	}
	x, aerr := s.ask(ctx, op, append(lines, s.readOnlyAgain(f.Name))...)
	if err != nil || aerr != nil {
		if err == nil {
			err = aerr
		}
		return err
	}
	for _, a := range x.answers[:len(lines)] {
		if a.word() == "EXPUNGEISSUED" { // RFC 5530: some are gone; the others were changed
			continue
		}
		if err := a.refusal(op, offline.FaultRejected); err != nil {
			return err
		}
	}
	return nil
}

// openToWrite opens a folder so that it can be changed. It must not stay so:
// CLOSE would expunge what others have marked as deleted. readOnlyAgain sees to
// that.
func (s *session) openToWrite(ctx context.Context, name string) (selection, opened, error) {
	defer s.bind(ctx)()
	s.folder = ""
	data, err := s.c.Select(name, &goimap.SelectOptions{CondStore: s.condstore() && !s.qresync}).Wait()
	if err != nil {
		return selection{}, opened{}, s.fault(ctx, "open "+name, err, folderClass(err))
	}
	s.w.mu.Lock()
	o := s.w.opened
	s.w.mu.Unlock()
	return selection{uidValidity: data.UIDValidity}, o, nil
}

// readOnlyAgain is the command that ends what openToWrite began.
func (s *session) readOnlyAgain(name string) string {
	if s.caps["UNSELECT"] {
		return "UNSELECT"
	}
	s.folder = name
	return "EXAMINE " + mailboxArg(name)
}

// keeps reports whether the folder takes keywords: those that it names, and any
// others where it names \* (RFC 3501 section 7.1). Where it says nothing it takes
// all.
func (o *opened) keeps(keywords []string) bool {
	return !o.told || !slices.ContainsFunc(keywords, func(k string) bool {
		return !slices.ContainsFunc(o.permanent, func(p string) bool { return p == `\*` || strings.EqualFold(p, k) })
	})
}

// mark is what SetKeywords did to a message.
type mark struct{ add, remove []string }

// mark remembers what was done, for a Sync under way that may have looked before.
func (m *Mailbox) mark(folder string, uids []uint32, add, remove []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	marks := m.marks[folder]
	if marks == nil {
		marks = map[uint32]mark{}
		m.marks[folder] = marks
	}
	for _, u := range uids {
		old := marks[u]
		without := func(list, out []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(k string) bool { return slices.Contains(out, k) })
		}
		marks[u] = mark{add: append(without(old.add, remove), add...), remove: append(without(old.remove, add), remove...)}
	}
}

// forgetMarks is called when a Sync of a folder begins: it sees what was done
// before.
func (m *Mailbox) forgetMarks(folder string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.marks, folder)
}

// applyMarks puts into a batch what was done while it was on its way.
func (m *Mailbox) applyMarks(folder string, d *offline.FolderDelta) {
	m.mu.Lock()
	defer m.mu.Unlock()
	marks := m.marks[folder]
	if len(marks) == 0 {
		return
	}
	for i := range d.Flags {
		if k, ok := marks[d.Flags[i].UID]; ok {
			d.Flags[i].Flags = k.apply(d.Flags[i].Flags)
		}
	}
	for i := range d.New {
		p := &d.New[i].Places[0]
		if k, ok := marks[p.UID]; ok {
			p.Flags = k.apply(p.Flags)
		}
	}
}

// apply gives flags, sorted, with what was done to them.
func (k mark) apply(flags []string) []string {
	is := func(list []string, f string) bool {
		return slices.ContainsFunc(list, func(l string) bool { return strings.EqualFold(l, f) })
	}
	out := slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return is(k.remove, f) })
	for _, f := range k.add {
		if !is(out, f) {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}
