package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-message/mail"

	"postrider/app/demo/davd"
	"postrider/app/demo/maild"
	"postrider/app/demo/story"
	"postrider/app/localorg"
)

// Options say what world to start. The zero value is the standard one, standing
// still.
type Options struct {
	// Dir is the program's home in this world. It is only named in the
	// description: the world keeps nothing on disk.
	Dir string
	Now func() time.Time // nil: time.Now
	// After is time.After with a way to stop it; nil: a timer of package time.
	// Life waits by it.
	After    func(time.Duration) (fired <-chan time.Time, stop func())
	Seed     uint64 // another seed, other Message-IDs, minutes and numbers
	Life     bool   // mail goes on arriving by itself; without it, Step makes it
	Arrivals int    // how many messages Life brings at most; 0: 40
	Messages int    // how many are in the mailbox at the start; 0: about 200
	Log      *slog.Logger
}

// World is a running demo. Its methods may be called by several goroutines.
type World struct {
	now   func() time.Time
	log   *slog.Logger
	org   *localorg.Org
	mail  *maild.Server
	dav   *davd.Server
	about Description

	stop context.CancelFunc // ends Life
	life sync.WaitGroup
	nets []*listener

	mu   sync.Mutex // guards what follows; never held while Life waits
	tale tale

	closing sync.Once
	closed  error
}

// Endpoint is a mail server and how to sign in to it.
type Endpoint struct {
	Address  string `json:"address"` // host:port
	User     string `json:"user"`
	Password string `json:"password"`
}

// Service is a CRM and how to sign in to it.
type Service struct {
	URL   string `json:"url"`
	Token string `json:"token"` // a bearer token of the demo's user
}

// Directory is a server of calendars or address books and how to sign in to it.
type Directory struct {
	URL      string `json:"url"`
	User     string `json:"user"`
	Password string `json:"password"`
}

// Description is what a program needs to know to live in the world. It holds
// secrets, which are good only as long as the world runs.
type Description struct {
	Home string   `json:"home"`
	IMAP Endpoint `json:"imap"`
	SMTP Endpoint `json:"smtp"`
	CRM  Service  `json:"crm"`

	CalDAV  Directory `json:"caldav"`
	CardDAV Directory `json:"carddav"`
}

// Start starts a world. When ctx ends, life in it ends; the servers run until
// Close.
func Start(ctx context.Context, o Options) (*World, error) {
	w := &World{now: o.Now, log: o.Log}
	if w.now == nil {
		w.now = time.Now
	}
	if w.log == nil {
		w.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	ctx, w.stop = context.WithCancel(ctx)
	if err := w.start(o); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the demo: %w", err), w.Close())
	}
	if o.Life {
		w.life.Go(func() { w.live(ctx, o) })
	}
	return w, nil
}

func (w *World) start(o Options) error {
	now := w.now()
	told, err := story.Tell(now, o.Seed, o.Messages)
	if err != nil {
		return err
	}
	w.tale = tale{story: told, answered: map[string]bool{}, seed: o.Seed}
	if w.org, err = localorg.Open(localorg.Options{Now: w.now, Log: w.log, Name: "Alder Machine Tools", Tables: []localorg.Table{ProjectTable()}}); err != nil {
		return err
	}
	users, err := seed(w.org, told, now)
	if err != nil {
		return fmt.Errorf("seeding the organization: %w", err)
	}
	ann := told.Ann()
	password, token := rand.Text(), rand.Text()
	w.org.Grant(token, users[ann.Key])
	if err := w.fill(told, password, now); err != nil {
		return err
	}
	if err := w.fillAgenda(told, password, now); err != nil {
		return err
	}
	davAt, err := w.serveWeb("dav", w.dav)
	if err != nil {
		return err
	}
	imapAt, err := w.serve("imap", w.mail.Serve)
	if err != nil {
		return err
	}
	smtpAt, err := w.serve("smtp", newSubmission(w, ann.Addr, password).Serve)
	if err != nil {
		return err
	}
	crmAt, err := w.serveWeb("crm", w.org.Handler())
	if err != nil {
		return err
	}
	w.about = Description{
		Home: o.Dir,
		IMAP: Endpoint{imapAt, ann.Addr, password},
		SMTP: Endpoint{smtpAt, ann.Addr, password},
		CRM:  Service{"http://" + crmAt, token},

		CalDAV:  Directory{"http://" + davAt + "/calendars/", ann.Addr, password},
		CardDAV: Directory{"http://" + davAt + "/contacts/", ann.Addr, password},
	}
	return nil
}

// serveWeb serves over HTTP on a free port of loopback.
func (w *World) serveWeb(what string, h http.Handler) (address string, err error) {
	web := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug)}
	return w.serve(what, web.Serve)
}

// fill makes the mailbox as the story tells it.
func (w *World) fill(told *story.Story, password string, now time.Time) error {
	w.mail = maild.New(told.Ann().Addr, password, uint32(now.Unix()), w.log)
	for _, f := range []struct {
		name string
		use  imap.MailboxAttr
	}{{story.Sent, imap.MailboxAttrSent}, {story.Drafts, imap.MailboxAttrDrafts}, {story.Archive, imap.MailboxAttrArchive},
		{story.Junk, imap.MailboxAttrJunk}, {story.Trash, imap.MailboxAttrTrash}, {"Projects", ""}, {story.Project, ""}, {"Privat", ""}, {story.Private, ""}} {
		if err := w.mail.Create(f.name, f.use); err != nil {
			return fmt.Errorf("folder %s: %w", f.name, err)
		}
	}
	for _, m := range told.Messages {
		if m.Folder == story.Nowhere {
			continue
		}
		if err := w.put(m); err != nil {
			return err
		}
	}
	return nil
}

// put delivers a message of the story.
func (w *World) put(m *story.Message) error {
	flags := make([]imap.Flag, len(m.Flags))
	for i, f := range m.Flags {
		flags[i] = imap.Flag(f)
	}
	return w.mail.Append(m.Folder, m.Raw, m.Date, flags...)
}

// serve listens on a free port of loopback.
func (w *World) serve(what string, serve func(net.Listener) error) (address string, err error) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening for %s: %w", what, err)
	}
	l := newListener(inner)
	w.nets = append(w.nets, l)
	l.running.Go(func() {
		if err := serve(l); err != nil && !errors.Is(err, net.ErrClosed) {
			w.log.Error("a demo server stopped", "server", what, "error", err)
		}
	})
	return inner.Addr().String(), nil
}

// grace is how long Close waits for servers whose connections it has cut.
const grace = 900 * time.Millisecond

// Close stops the world: no more mail, all connections cut, all ports free. It
// takes less than a second and may be called more than once.
func (w *World) Close() error {
	w.closing.Do(func() {
		w.stop()
		w.life.Wait()
		for _, l := range w.nets {
			l.cut()
		}
		if w.org != nil {
			w.closed = w.org.Close() // also ends requests that were told to wait
		}
		deadline := time.NewTimer(grace)
		defer deadline.Stop()
		for _, l := range w.nets {
			if !l.drained(deadline.C) {
				w.closed = cmp.Or(w.closed, errors.New("a demo server did not stop in time"))
				return
			}
		}
	})
	return w.closed
}

// Disconnect breaks all connections, as a network does that goes away for a
// moment. New ones are accepted at once.
func (w *World) Disconnect() {
	for _, l := range w.nets {
		l.drop()
	}
}

// Describe says where everything is.
func (w *World) Describe() Description { return w.about }

// Org is the organization, to look into or to make fail.
func (w *World) Org() *localorg.Org { return w.org }

// Address is the demo user's mail address.
func (w *World) Address() string { return w.about.IMAP.User }

// Deliver puts a message into a folder of the mailbox, with its own date as the
// date of arrival (now, where it has none).
func (w *World) Deliver(raw []byte, folder string) error {
	return w.mail.Append(folder, raw, w.dateOf(raw))
}

func (w *World) dateOf(raw []byte) time.Time {
	if e, err := open(raw); err == nil {
		head := mail.Header{Header: e.Header}
		if date, err := head.Date(); err == nil && !date.IsZero() {
			return date
		}
	}
	return w.now()
}
