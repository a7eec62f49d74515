package imap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"postrider/offline"
)

// session is one signed-in connection. Its methods are called from one
// goroutine at a time. After a failure that is not a refusal it is dead; alive
// tells.
type session struct {
	cfg     *Config
	w       *wire
	c       *imapclient.Client
	caps    map[string]bool
	qresync bool
	bySeq   bool   // this server puts UIDs behind literals: go by sequence numbers
	folder  string // that is open, to read; empty: none
	server  string // what it says that it is (RFC 2971), lower case
	tag     int    // of the last command of an exchange

	noListStatus bool // LIST-STATUS was announced and refused
	noObjects    bool // the same for ids of folders

	mu     sync.Mutex
	gone   []uidRange    // lifted VANISHED
	signal chan struct{} // 1-buffered: something changed in the folder
}

// selection is what EXAMINE or STATUS says of a folder.
type selection struct {
	uidValidity, uidNext, messages uint32
	highestModSeq                  uint64 // 0: none
}

func newSession(m *Mailbox, w *wire, g *greeter) *session {
	s := &session{cfg: &m.cfg, w: w, caps: g.caps, qresync: g.qresync, server: g.server, signal: make(chan struct{}, 1)}
	w.vanished = g.qresync
	w.lift = func(set []uidRange, _ bool) {
		s.mu.Lock()
		s.gone = append(s.gone, set...)
		s.mu.Unlock()
	}
	w.event = func() {
		select {
		case s.signal <- struct{}{}:
		default:
		}
	}
	// What go-imap has to know of the capabilities. Not IMAP4rev2: we don't enable
	// it, so the server speaks revision 1, with its folder names.
	greet := "* PREAUTH [CAPABILITY IMAP4REV1"
	for _, c := range []string{"IDLE", "CONDSTORE", "ESEARCH", "UNSELECT", "LIST-EXTENDED", "SPECIAL-USE", "LITERAL+", "LITERAL-"} {
		if g.caps[c] {
			greet += " " + c
		}
	}
	w.out = []byte(greet + "] ready\r\n")
	s.c = imapclient.New(w, nil)
	return s
}

// condstore reports whether the server keeps mod-sequences.
func (s *session) condstore() bool { return s.caps["CONDSTORE"] || s.caps["QRESYNC"] }

// alive reports whether the connection still stands, as far as is known.
func (s *session) alive() bool {
	select {
	case <-s.c.Closed():
		return false
	default:
		bye, err := s.w.reason()
		return err == nil && bye == ""
	}
}

// kill closes the connection at once and waits until nothing of it runs.
func (s *session) kill(cause error) {
	s.w.fail(cause)
	<-s.c.Closed()
}

// logout takes leave without waiting for an answer.
func (s *session) logout() {
	if s.alive() {
		s.w.mu.Lock()
		conn := s.w.conn
		s.w.mu.Unlock()
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write([]byte("Z LOGOUT\r\n")) // a courtesy
	}
	s.kill(net.ErrClosed)
}

// bind makes the connection end when ctx does; the caller calls the returned
// function when the operation is over.
func (s *session) bind(ctx context.Context) func() {
	stop := context.AfterFunc(ctx, func() { s.w.fail(ctx.Err()) })
	return func() { stop() }
}

// fault classifies what a command ended with. A refusal leaves the session
// alive, anything else has ended it.
func (s *session) fault(ctx context.Context, op string, err error, otherwise offline.FaultClass) error {
	if err == nil {
		return nil
	}
	var f *offline.Fault
	if errors.As(err, &f) {
		return err
	}
	if e := refused(err); e != nil && ctx.Err() == nil {
		return refusal(op, string(e.Type), string(e.Code), e.Text, otherwise)
	}
	if !s.alive() { // first, so that kill is not taken for the reason
		<-s.c.Closed()
	}
	bye, cause := s.w.reason()
	s.kill(net.ErrClosed)
	return broken(ctx, op, cause, bye, err)
}

// examine opens a folder to read. Nothing that follows can change it.
func (s *session) examine(ctx context.Context, name string) (selection, error) {
	defer s.bind(ctx)()
	op := "open " + name
	s.folder = ""
	s.takeGone()
	data, err := s.c.Select(name, &goimap.SelectOptions{ReadOnly: true, CondStore: s.condstore() && !s.qresync}).Wait()
	if err != nil {
		return selection{}, s.fault(ctx, op, err, folderClass(err))
	}
	s.folder = name
	s.takeGone()
	return selection{uidValidity: data.UIDValidity, uidNext: uint32(data.UIDNext), messages: data.NumMessages, highestModSeq: data.HighestModSeq}, nil
}

// folderClass is the class of a refusal to open a folder that bears no code.
func folderClass(err error) offline.FaultClass {
	e := refused(err)
	if e == nil {
		return offline.FaultServer
	}
	return textClass(e.Text)
}

// textClass is the class of a refusal to look at a folder, by its words.
func textClass(text string) offline.FaultClass {
	text = strings.ToLower(text)
	for _, s := range []string{"exist", "not found", "no such", "unknown mailbox", "unknown folder"} {
		if strings.Contains(text, s) {
			return offline.FaultNotFound
		}
	}
	if strings.Contains(text, "permission") || strings.Contains(text, "denied") {
		return offline.FaultDenied
	}
	return offline.FaultServer
}

// status asks about a folder without opening it, in one round trip. If a folder
// is open it is left with the same round trip: STATUS of an open one need not
// be true (RFC 3501 section 6.3.10).
func (s *session) status(ctx context.Context, name string) (selection, error) {
	defer s.bind(ctx)()
	op := "look at " + name
	var leave *imapclient.Command
	if s.folder != "" {
		if s.caps["UNSELECT"] {
			leave = s.c.Unselect()
		} else {
			leave = s.c.UnselectAndExpunge() // CLOSE; after EXAMINE it expunges nothing
		}
		s.folder = ""
	}
	data, err := s.c.Status(name, &goimap.StatusOptions{UIDValidity: true, UIDNext: true, NumMessages: true, HighestModSeq: s.condstore()}).Wait()
	if leave != nil {
		if lerr := leave.Wait(); lerr != nil && refused(lerr) == nil && err == nil {
			err = lerr
		}
	}
	if err != nil {
		return selection{}, s.fault(ctx, op, err, folderClass(err))
	}
	sel := selection{uidValidity: data.UIDValidity, uidNext: uint32(data.UIDNext), highestModSeq: data.HighestModSeq}
	if data.NumMessages != nil {
		sel.messages = *data.NumMessages
	}
	return sel, nil
}

// search lists the UIDs that match, sorted.
func (s *session) search(ctx context.Context, what string, criteria *goimap.SearchCriteria) ([]uint32, error) {
	defer s.bind(ctx)()
	data, err := s.c.UIDSearch(criteria, s.searchOptions()).Wait()
	if err != nil {
		return nil, s.fault(ctx, what, err, offline.FaultServer)
	}
	return s.listed(what, data)
}

// searchSeqs lists the sequence numbers of UIDs, sorted; UIDs that are gone have
// none.
func (s *session) searchSeqs(ctx context.Context, what string, uids []uint32) ([]uint32, error) {
	defer s.bind(ctx)()
	data, err := s.c.Search(&goimap.SearchCriteria{UID: []goimap.UIDSet{uidSet(uids)}}, s.searchOptions()).Wait()
	if err != nil {
		return nil, s.fault(ctx, what, err, offline.FaultServer)
	}
	return s.listed(what, data)
}

// searchOptions asks for ranges where the server knows how (RFC 4731).
func (s *session) searchOptions() *goimap.SearchOptions {
	if s.caps["ESEARCH"] {
		return &goimap.SearchOptions{ReturnAll: true}
	}
	return nil
}

// maxListed bounds the messages of a folder.
const maxListed = 5_000_000

// listed spells out a search result.
func (s *session) listed(what string, data *goimap.SearchData) ([]uint32, error) {
	var set []uidRange
	switch all := data.All.(type) {
	case goimap.UIDSet:
		for _, r := range all {
			set = append(set, uidRange{uint32(min(r.Start, r.Stop)), uint32(max(r.Start, r.Stop))})
		}
	case goimap.SeqSet:
		for _, r := range all {
			set = append(set, uidRange{min(r.Start, r.Stop), max(r.Start, r.Stop)})
		}
	}
	set = normal(set)
	const end = ^uint32(0)
	if n := size(set, end); n > maxListed {
		return nil, &offline.Fault{Class: offline.FaultProtocol, Op: what, Text: fmt.Sprintf("the server lists %d messages", n)}
	}
	return spell(set, end), nil
}

// takeGone gives the UIDs of VANISHED responses since it was last called.
func (s *session) takeGone() []uidRange {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.gone
	s.gone = nil
	return normal(gone)
}
