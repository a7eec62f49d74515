package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"postrider/agent/book"
	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

// Settings are what the user chose for this profile.
type Settings struct {
	Filter  track.Filter // empty: the user's own choice in the CRM, or replies where that is unknown
	Since   time.Time    // read and track from then on; zero: everything
	Folders []string     // names of the folders to read; none: Inbox and Sent
	Sent    bool         // apply the filter to sent mail, too: at first, or for good with SentFixed
	// SentFixed: the configuration says Sent, and the user's rules don't change it.
	SentFixed bool
	Own       []string // the user's mail addresses
}

// Config is what an Agent is made of.
type Config struct {
	Store *offline.Store
	// Mailbox is owned by the sync; Reader fetches bodies beside it, so that
	// reading a message never waits for a scan. They may not be the same value.
	Mailbox, Reader Mailbox
	CRM             CRM
	Conversations   Conversations // nil: conversations are found among what is known here
	Settings        Settings

	// What a mailbox can do beside; nil: it can't.
	Poller Poller // each folder is asked by itself instead
	Marker Marker // no keyword is looked at or set

	// What a mail server and a CRM can do beside; nil: they can't.
	Sender         Sender
	Filer          Filer
	Tokens         Tokens
	TemplateSource TemplateSource
	PendingMail    PendingMail
	Pages          Pages

	// Accounts with the user's calendars, task lists and address books, and what
	// reads their texts; none: appointments, contacts and tasks are left alone.
	Accounts []Account
	ItemText ItemText
	ItemCRM  ItemCRM        // nil: nobody knows which records are the user's
	Zone     *time.Location // the user's; nil: the computer's

	// Network tells one network from another, cheaply; nil: a change of network is
	// noticed by what fails.
	Network func() string

	Random io.Reader // nil: crypto/rand; safe for use by several goroutines

	Now   func() time.Time                     // nil: time.Now
	After func(time.Duration) <-chan time.Time // nil: time.After
	Log   *slog.Logger                         // nil: silent
	Every time.Duration                        // between whole syncs without a push; 0: 5 minutes
	Poll  time.Duration                        // between looks at all folders, with a Poller; 0: a minute
	// BookEvery is how long the address book is believed before it is refreshed;
	// 0: a day. It is refreshed at the start, too, but never within an hour
	// (R-ADDRESSBOOK-02).
	BookEvery time.Duration
}

// Agent carries mail between a mailbox and a CRM. Its methods are safe for use
// by several goroutines; Run or SyncOnce is called by one at a time.
type Agent struct {
	Config
	health *health.Tracker

	// Triggers, 1-buffered: bursts coalesce.
	wakeSync, wakeMail, wakePush, wakeOutbox chan struct{}

	reader sync.Mutex // owns Reader

	mu       sync.Mutex // guards what follows; never held over I/O
	status   Status
	watchers map[int]func()
	nextID   int
	paused   bool
	resume   chan struct{} // closed when paused ends
	cancel   context.CancelFunc
	rouse    context.CancelFunc // ends the wait for the mailbox's push
	good     chan struct{}      // closed when the mailbox answered well; nil: nobody waits
	waiters  []chan synced      // of Sync, 1-buffered
	user     offline.User
	chosen   chosen

	book bookkeeper

	sending    sync.Mutex   // owns Sender, and what follows
	sendTries  int          // failures of the mail server in a row
	pendingAt  time.Time    // when the CRM was last asked for mail to send
	outboxRuns atomic.Bool  // runOutbox is there
	pendingNow atomic.Bool  // ask the CRM for mail to send, whatever pendingAt
	sendAfter  atomic.Int64 // no attempt before, in Unix nanoseconds

	// Owned by the goroutine that syncs.
	userAt     time.Time
	asked      map[string]bool  // identities that the CRM was asked for in this sync
	listedRefs bool             // linked records were confirmed in this run
	swept      bool             // bodies without a message were removed in this run
	created    []offline.Record // made in the CRM by the transaction under way
	bookSeen   bool             // whether the address book has to be refreshed was looked at in this run

	// A server could not be reached when it was last asked.
	mailDown, crmDown bool
	storeDown         string // the step that the store failed last: "mailbox", "crm"; empty: none

	noKeywords  map[offline.FolderID]bool // folders that keep no keywords
	keywordless []string                  // their names
}

// New returns an Agent that does nothing yet. Its status is what the store
// knows.
func New(c Config) (*Agent, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if c.Every <= 0 {
		c.Every = 5 * time.Minute
	}
	if c.Poll <= 0 {
		c.Poll = time.Minute
	}
	a := &Agent{
		Config:     c,
		wakeSync:   make(chan struct{}, 1),
		wakeMail:   make(chan struct{}, 1),
		wakePush:   make(chan struct{}, 1),
		wakeOutbox: make(chan struct{}, 1),
		watchers:   map[int]func(){},
		status:     Status{Phase: Idle},
		asked:      map[string]bool{},
		book:       bookkeeper{book: book.New()},
		noKeywords: map[offline.FolderID]bool{},
	}
	a.health = health.New(c.Now, a.notify)
	if err := a.restore(); err != nil {
		return nil, fmt.Errorf("read the last state: %w", err)
	}
	a.sayMethods()
	return a, nil
}

// The names of settings in the store.
const (
	settingUser     = "user"     // offline.User, as the CRM said last
	settingMailAt   = "mail-at"  // time.Time of the last good answer
	settingCRMAt    = "crm-at"   // time.Time of the last good answer
	settingHomeless = "homeless" // []uint64, keys of messages that lost their last place
	settingListed   = "listed"   // time.Time the folders were listed
	settingBookAt   = "book-at"  // time.Time the address book was refreshed
	settingRecent   = "recent"   // []offline.Ref that messages were made about, the last one first
)

// restore takes up what the last run knew.
func (a *Agent) restore() error {
	return a.Store.View(func(tx *offline.Tx) error {
		if _, err := tx.Setting(settingUser, &a.user); err != nil {
			return err
		}
		if _, err := tx.Setting(settingMailAt, &a.status.MailAt); err != nil {
			return err
		}
		if _, err := tx.Setting(settingCRMAt, &a.status.CRMAt); err != nil {
			return err
		}
		a.status.Counts = tx.Counts()
		if err := a.restoreRules(tx); err != nil {
			return err
		}
		a.restoreOptions(tx)
		aside, err := tx.SetAsides()
		if err != nil {
			return err
		}
		for _, s := range aside {
			a.health.Set(health.ItemSetAside, fmt.Sprintf("set-aside %d", s.ID), s.Reason)
		}
		if err := errors.Join(a.restoreOutbox(tx), a.restoreMethods(tx), a.restoreRefused(tx), a.restoreItems(tx)); err != nil {
			return err
		}
		return a.restoreFailed(tx)
	})
}

// maxShown bounds how many problems of single items are kept at hand; the
// counts tell of the rest.
const maxShown = 100

func (a *Agent) restoreFailed(tx *offline.Tx) error {
	failed, err := tx.KeysByState(offline.Failed, maxShown)
	if err != nil {
		return err
	}
	for _, key := range failed {
		m, err := tx.Message(key)
		if err != nil {
			return err
		}
		a.health.Set(health.ItemFailed, itemSubject(key), m.Track.Reason)
	}
	return nil
}

func itemSubject(key uint64) string { return fmt.Sprintf("message %d", key) }

// me is who the CRM said last that we are.
func (a *Agent) me() offline.User {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.user
}

// Health is where the parts of the program set and clear problems.
func (a *Agent) Health() *health.Tracker { return a.health }

// Status returns what the agent is at.
func (a *Agent) Status() Status {
	a.mu.Lock()
	s := a.status
	if a.paused {
		s.Phase = Paused
	}
	a.mu.Unlock()
	s.Problems = a.health.Current()
	if s.Phase == Idle && needsUser(s.Problems) {
		s.Phase = NeedsMe
	}
	return s
}

func needsUser(ps []health.Problem) bool {
	for _, p := range ps {
		if p.Severity >= health.Warn {
			return true
		}
	}
	return false
}

// Watch calls changed after each change of the status until stop is called.
// changed must not block.
func (a *Agent) Watch(changed func()) (stop func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := a.nextID
	a.nextID++
	a.watchers[id] = changed
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.watchers, id)
	}
}

func (a *Agent) notify() {
	a.mu.Lock()
	fns := make([]func(), 0, len(a.watchers))
	for _, fn := range a.watchers {
		fns = append(fns, fn)
	}
	a.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

func (a *Agent) set(change func(*Status)) {
	a.mu.Lock()
	change(&a.status)
	a.mu.Unlock()
	a.notify()
}

// doing says what is being done, for people.
func (a *Agent) doing(what string, done, total int) {
	a.set(func(s *Status) { s.Doing, s.Done, s.Total = what, done, total })
}

// recount brings the counts of the status up to date with the store.
func (a *Agent) recount() {
	var c offline.Counts
	if err := a.Store.View(func(tx *offline.Tx) error { c = tx.Counts(); return nil }); err != nil {
		return
	}
	items := a.countItems()
	a.set(func(s *Status) { s.Counts, s.Items = c, items })
}

// SyncNow asks for a sync as soon as possible.
func (a *Agent) SyncNow() { trigger(a.wakeSync) }

// synced is the end of a sync that somebody waits for.
type synced struct {
	report Report
	failed error
}

// Sync asks the running agent for a full sync and waits for its report; failed
// is what stopped a step of it. The error is that ctx ended first.
func (a *Agent) Sync(ctx context.Context) (report Report, failed, err error) {
	done := make(chan synced, 1)
	a.mu.Lock()
	a.waiters = append(a.waiters, done)
	a.mu.Unlock()
	a.SyncNow()
	select {
	case s := <-done:
		return s.report, s.failed, nil
	case <-ctx.Done():
		return Report{}, nil, ctx.Err()
	}
}

func (a *Agent) takeWaiters() []chan synced {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.waiters
	a.waiters = nil
	return w
}

func trigger(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// SetPaused stops what is under way, or lets it go on.
func (a *Agent) SetPaused(p bool) {
	a.mu.Lock()
	if p == a.paused {
		a.mu.Unlock()
		return
	}
	a.paused = p
	if p {
		a.resume = make(chan struct{})
		if a.cancel != nil {
			a.cancel()
		}
	} else {
		close(a.resume)
		trigger(a.wakeSync)
	}
	a.mu.Unlock()
	a.notify()
}

var errOtherOrganization = errors.New("the CRM is another organization, or the user another one, than this profile was made with; choose another profile with --home")
