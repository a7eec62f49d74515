package maild

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// delim separates the levels of folder names.
const delim = '/'

// Server is an IMAP server for one user. Make it with New. Safe for use by
// several goroutines.
type Server struct {
	user, password string
	imap           *imapserver.Server

	// mu guards the tree of folders, not what is in them. It is taken before a
	// folder's own lock, never after.
	mu          sync.Mutex
	folders     map[string]*folder
	uidValidity uint32 // of the next folder made
}

// New returns a server that has an empty INBOX. uidValidity is that of the
// INBOX; later folders get the numbers after it. A server that keeps nothing
// must get a higher one at each start, or clients take the new messages for the
// old ones (RFC 3501 section 2.3.1.1): seconds since 1970 will do.
func New(user, password string, uidValidity uint32, log *slog.Logger) *Server {
	s := &Server{user: user, password: password, folders: map[string]*folder{}, uidValidity: max(uidValidity, 1)}
	s.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &session{server: s}, nil, nil
		},
		// IMAP4rev2 is left out: a client may then rely on answers that
		// imapserver gives to rev2 clients only. UNAUTHENTICATE too: imapserver
		// panics on it.
		Caps: imap.CapSet{
			imap.CapIMAP4rev1:        {},
			imap.CapNamespace:        {},
			imap.CapUIDPlus:          {},
			imap.CapESearch:          {},
			imap.CapListExtended:     {},
			imap.CapListStatus:       {},
			imap.CapMove:             {},
			imap.CapStatusSize:       {},
			imap.CapChildren:         {},
			imap.CapSpecialUse:       {},
			imap.CapCreateSpecialUse: {},
			imap.CapLiteralPlus:      {},
		},
		InsecureAuth: true, // loopback only
		Logger:       printer{log},
	})
	s.mustCreate("INBOX")
	return s
}

// Serve answers on l until l is closed. Connections that were accepted are the
// listener's to close.
func (s *Server) Serve(l net.Listener) error { return s.imap.Serve(l) }

// Create makes a folder with a special use; "" is none.
func (s *Server) Create(name string, use imap.MailboxAttr) error {
	var uses []imap.MailboxAttr
	if use != "" {
		uses = append(uses, use)
	}
	return s.create(name, uses, true)
}

// Append puts a message into a folder and tells who watches it. raw is kept and
// must not be changed afterwards.
func (s *Server) Append(name string, raw []byte, date time.Time, flags ...imap.Flag) error {
	f, err := s.folder(name)
	if err != nil {
		return fmt.Errorf("deliver into %q: %w", name, err)
	}
	f.append(raw, date, flags)
	return nil
}

// Stored is a message as it lies in a folder.
type Stored struct {
	UID   uint32
	Raw   []byte // not to be changed
	Date  time.Time
	Flags []imap.Flag // not to be changed
}

// Messages returns what lies in a folder, by UID; nil if there is no such folder.
func (s *Server) Messages(name string) []Stored {
	f, err := s.folder(name)
	if err != nil {
		return nil
	}
	return f.stored()
}

// Folders returns the names of the folders, sorted.
func (s *Server) Folders() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.namesLocked()
}

func (s *Server) namesLocked() []string {
	names := make([]string, 0, len(s.folders))
	for name := range s.folders {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (s *Server) login(user, password string) error {
	u := subtle.ConstantTimeCompare([]byte(user), []byte(s.user))
	p := subtle.ConstantTimeCompare([]byte(password), []byte(s.password))
	if u&p != 1 {
		return imapserver.ErrAuthFailed
	}
	return nil
}

// canonical gives INBOX its one spelling (RFC 3501 section 5.1).
func canonical(name string) string {
	if strings.EqualFold(name, "INBOX") {
		return "INBOX"
	}
	return strings.TrimRight(name, string(delim))
}

func (s *Server) folder(name string) (*folder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.folders[canonical(name)]; f != nil {
		return f, nil
	}
	return nil, refuse(imap.ResponseCodeNonExistent, "no such folder")
}

func (s *Server) mustCreate(name string) {
	if err := s.create(name, nil, true); err != nil {
		panic(err) // a new server has no folders
	}
}

func (s *Server) create(name string, uses []imap.MailboxAttr, subscribed bool) error {
	name = canonical(name)
	if name == "" {
		return refuse(imap.ResponseCodeCannot, "a folder needs a name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folders[name] != nil {
		return refuse(imap.ResponseCodeAlreadyExists, "this folder exists already")
	}
	s.folders[name] = newFolder(s.uidValidity, uses, subscribed)
	s.uidValidity++
	return nil
}

func (s *Server) delete(name string) error {
	name = canonical(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case name == "INBOX":
		return refuse(imap.ResponseCodeCannot, "the INBOX can't be deleted")
	case s.folders[name] == nil:
		return refuse(imap.ResponseCodeNonExistent, "no such folder")
	}
	delete(s.folders, name)
	return nil
}

// rename moves a folder and those below it. Renaming the INBOX moves its
// messages into a new folder and leaves it empty (RFC 3501 section 6.3.5).
func (s *Server) rename(from, to string) error {
	from, to = canonical(from), canonical(to)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[from]
	switch {
	case f == nil:
		return refuse(imap.ResponseCodeNonExistent, "no such folder")
	case to == "":
		return refuse(imap.ResponseCodeCannot, "a folder needs a name")
	case s.folders[to] != nil:
		return refuse(imap.ResponseCodeAlreadyExists, "this folder exists already")
	}
	if from == "INBOX" {
		s.folders[to] = newFolder(s.uidValidity, nil, false)
		s.uidValidity++
		for _, m := range f.take() {
			s.folders[to].append(m.Raw, m.Date, m.Flags)
		}
		return nil
	}
	for _, name := range s.namesLocked() {
		rest, below := strings.CutPrefix(name, from)
		if below && (rest == "" || rest[0] == delim) {
			s.folders[to+rest] = s.folders[name]
			delete(s.folders, name)
		}
	}
	return nil
}

func (s *Server) hasChildrenLocked(name string) bool {
	for other := range s.folders {
		if strings.HasPrefix(other, name+string(delim)) {
			return true
		}
	}
	return false
}

func refuse(code imap.ResponseCode, text string) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: text}
}

// printer lets imapserver write to a structured log.
type printer struct{ log *slog.Logger }

func (p printer) Printf(format string, args ...any) {
	if p.log != nil {
		p.log.Debug("demo imap: " + strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
