package maild

import (
	"io"
	"slices"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// session is one connection. imapserver calls it from one goroutine, except
// Idle, which can outlast the command by a moment when the connection breaks.
type session struct {
	server *Server

	mu   sync.Mutex
	view *view // nil: no folder is selected
}

var (
	_ imapserver.SessionNamespace = (*session)(nil)
	_ imapserver.SessionMove      = (*session)(nil)
)

func (s *session) current() *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

func (s *session) setView(v *view) {
	s.mu.Lock()
	old := s.view
	s.view = v
	s.mu.Unlock()
	if old != nil {
		old.close()
	}
}

// Close ends the session.
func (s *session) Close() error {
	s.setView(nil)
	return nil
}

// Login checks user and password.
func (s *session) Login(user, password string) error { return s.server.login(user, password) }

// Select opens a folder for this session.
func (s *session) Select(name string, o *imap.SelectOptions) (*imap.SelectData, error) {
	f, err := s.server.folder(name)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	data := f.selectDataLocked()
	v := &view{folder: f, tracker: f.tracker.NewSession(), readOnly: o.ReadOnly}
	f.mu.Unlock()
	s.setView(v)
	return data, nil
}

// Unselect closes the folder.
func (s *session) Unselect() error {
	s.setView(nil)
	return nil
}

// Create makes a folder.
func (s *session) Create(name string, o *imap.CreateOptions) error {
	return s.server.create(name, o.SpecialUse, false)
}

// Delete removes a folder and what is in it. Who has it open keeps what he sees.
func (s *session) Delete(name string) error { return s.server.delete(name) }

// Rename moves a folder.
func (s *session) Rename(from, to string, _ *imap.RenameOptions) error {
	return s.server.rename(from, to)
}

// Subscribe marks a folder as subscribed.
func (s *session) Subscribe(name string) error { return s.subscribe(name, true) }

// Unsubscribe takes the mark away.
func (s *session) Unsubscribe(name string) error { return s.subscribe(name, false) }

func (s *session) subscribe(name string, on bool) error {
	f, err := s.server.folder(name)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subscribed = on
	return nil
}

// List names the folders that match a pattern.
func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, o *imap.ListOptions) error {
	if len(patterns) == 0 { // asks for the delimiter only
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: delim})
	}
	for _, data := range s.list(ref, patterns, o) {
		if err := w.WriteList(&data); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) list(ref string, patterns []string, o *imap.ListOptions) []imap.ListData {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	var out []imap.ListData
	for _, name := range s.server.namesLocked() {
		if !slices.ContainsFunc(patterns, func(p string) bool { return imapserver.MatchList(name, delim, ref, p) }) {
			continue
		}
		f := s.server.folders[name]
		f.mu.Lock()
		subscribed := f.subscribed
		f.mu.Unlock()
		if o.SelectSubscribed && !subscribed || o.SelectSpecialUse && len(f.uses) == 0 {
			continue
		}
		data := imap.ListData{Mailbox: name, Delim: delim, Attrs: slices.Clone(f.uses)}
		if s.server.hasChildrenLocked(name) {
			data.Attrs = append(data.Attrs, imap.MailboxAttrHasChildren)
		} else {
			data.Attrs = append(data.Attrs, imap.MailboxAttrHasNoChildren)
		}
		if subscribed && (o.SelectSubscribed || o.ReturnSubscribed) {
			data.Attrs = append(data.Attrs, imap.MailboxAttrSubscribed)
		}
		if o.ReturnStatus != nil {
			data.Status = f.status(name)
		}
		out = append(out, data)
	}
	return out
}

// Namespace says that all folders are the user's own.
func (s *session) Namespace() (*imap.NamespaceData, error) {
	return &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Delim: delim}}}, nil
}

// Status tells the counts of a folder.
func (s *session) Status(name string, _ *imap.StatusOptions) (*imap.StatusData, error) {
	f, err := s.server.folder(name)
	if err != nil {
		return nil, err
	}
	return f.status(name), nil
}

// Append stores a message.
func (s *session) Append(name string, r imap.LiteralReader, o *imap.AppendOptions) (*imap.AppendData, error) {
	f, err := s.server.folder(name)
	if err != nil {
		return nil, refuse(imap.ResponseCodeTryCreate, "no such folder")
	}
	raw, err := io.ReadAll(r)
	if err == nil && int64(len(raw)) < r.Size() {
		err = io.ErrUnexpectedEOF // the connection was cut: imapserver does not say so
	}
	if err != nil {
		return nil, err
	}
	return &imap.AppendData{UIDValidity: f.uidValidity, UID: f.append(raw, o.Time, o.Flags)}, nil
}

// Poll writes what changed since the last command.
func (s *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	if v := s.current(); v != nil {
		return v.tracker.Poll(w, allowExpunge)
	}
	return nil
}

// Idle writes changes as they come. It watches before it looks, so nothing that
// came between the last command and IDLE waits for the next arrival.
func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	v := s.current()
	if v == nil {
		<-stop
		return nil
	}
	wake, unwatch := v.folder.idle()
	defer unwatch()
	for {
		if err := v.tracker.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-wake:
		case <-stop:
			return nil
		}
	}
}

// Copy copies messages to another folder.
func (s *session) Copy(set imap.NumSet, to string) (*imap.CopyData, error) {
	data, _, err := s.copy(set, to)
	return data, err
}

// Move copies messages to another folder and takes them out of this one.
func (s *session) Move(w *imapserver.MoveWriter, set imap.NumSet, to string) error {
	v := s.current()
	if v.readOnly {
		return errReadOnly
	}
	data, moved, err := s.copy(set, to)
	if err != nil {
		return err
	}
	v.folder.remove(func(m *message) bool { return moved[m.uid] })
	if len(moved) == 0 {
		return nil
	}
	return w.WriteCopyData(data)
}

// copy locks one folder at a time: two sessions may copy in opposite directions.
func (s *session) copy(set imap.NumSet, to string) (*imap.CopyData, map[imap.UID]bool, error) {
	dest, err := s.server.folder(to)
	if err != nil {
		return nil, nil, refuse(imap.ResponseCodeTryCreate, "no such folder")
	}
	data := &imap.CopyData{UIDValidity: dest.uidValidity}
	done := map[imap.UID]bool{}
	for _, hit := range s.current().pick(set) {
		data.SourceUIDs.AddNum(hit.uid)
		data.DestUIDs.AddNum(dest.append(hit.raw, hit.date, hit.flags))
		done[hit.uid] = true
	}
	return data, done, nil
}
