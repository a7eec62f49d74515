package sample

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"postrider/agent"
	"postrider/agent/book"
	"postrider/agent/health"
	"postrider/agent/merge"
	"postrider/offline"
)

// Agent plays the agent on a store: what the user asks for happens at once and
// stays Waiting until Deliver.
type Agent struct {
	Store *offline.Store

	mu      sync.Mutex
	status  agent.Status
	watch   map[int]func()
	next    int
	Calls   []string
	Fail    error // what the next action returns
	NoNet   bool  // FetchBody and Search fail
	Fetched []uint64
	Gate    func(name string) // called before each action, if set

	failAt    map[string]error
	Concerns  []agent.Concern // what CheckDraft says, beside what it finds itself
	user      offline.User
	book      *book.Book
	Signature string // under what is written
	crmMail   bool
	Fixed     bool // config.toml says what is tracked
	keeper    *agent.Agent
	meet      bool // the first contact is not confirmed yet
	apart     []merge.Group
}

// NewAgent returns an agent at rest.
func NewAgent(s *offline.Store) *Agent {
	a := &Agent{Store: s, watch: map[int]func(){}}
	a.status = agent.Status{Phase: agent.Idle, MailAt: Now(), CRMAt: Now().Add(-time.Minute)}
	a.user = user()
	a.fillBook()
	return a
}

// Set changes the status and tells the watchers.
func (a *Agent) Set(change func(*agent.Status)) {
	a.mu.Lock()
	change(&a.status)
	var ws []func()
	for _, w := range a.watch {
		ws = append(ws, w)
	}
	a.mu.Unlock()
	for _, w := range ws {
		w()
	}
}

// Quietly changes the status and tells nobody.
func (a *Agent) Quietly(change func(*agent.Status)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.status)
}

// Trouble is a status in which much is wrong.
func Trouble(s *agent.Status) {
	s.Phase = agent.NeedsMe
	s.Problems = []health.Problem{
		{Kind: health.CRMSignIn, Subject: "crm", Text: "The CRM answered 401: the token has expired.", Since: Now().Add(-time.Hour)},
		{Kind: health.ItemFailed, Subject: "1", Text: "“Spindle noise on line 2” has an attachment of a blocked type.", Since: Now().Add(-2 * time.Hour)},
	}
}

// Status is the latest snapshot, with the counts of the store.
func (a *Agent) Status() agent.Status {
	a.mu.Lock()
	s := a.status
	a.mu.Unlock()
	_ = a.Store.View(func(tx *offline.Tx) error {
		s.Counts = tx.Counts()
		return nil
	})
	return s
}

// Watch calls changed after each change of status.
func (a *Agent) Watch(changed func()) (stop func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next++
	id := a.next
	a.watch[id] = changed
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.watch, id)
	}
}

func (a *Agent) note(s string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Calls = append(a.Calls, s)
	err := a.Fail
	if at, ok := a.failAt[s]; ok {
		delete(a.failAt, s)
		return at
	}
	a.Fail = nil
	return err
}

// FailAt makes the next action of that name fail.
func (a *Agent) FailAt(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failAt = map[string]error{name: err}
}

// Called returns what was asked for so far.
func (a *Agent) Called() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.Calls...)
}

func (a *Agent) change(name string, keys []uint64, set func(*offline.Message)) (agent.Undo, error) {
	if a.Gate != nil {
		a.Gate(name)
	}
	if err := a.note(name); err != nil {
		return nil, err
	}
	was := make([]offline.Message, 0, len(keys))
	err := a.Store.Update(func(tx *offline.Tx) error {
		for _, k := range keys {
			m, err := tx.Message(k)
			if err != nil {
				return err
			}
			was = append(was, m)
			set(&m)
			m.Track.Since = Now()
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.Set(func(*agent.Status) {})
	return func() error {
		if err := a.note("undo"); err != nil {
			return err
		}
		err := a.Store.Update(func(tx *offline.Tx) error {
			for i := range was {
				if err := tx.PutMessage(&was[i]); err != nil {
					return err
				}
			}
			return nil
		})
		a.Set(func(*agent.Status) {})
		return err
	}, nil
}

// Track makes the messages wait.
func (a *Agent) Track(keys []uint64, regarding offline.Ref) (agent.Undo, error) {
	return a.change("track", keys, func(m *offline.Message) {
		m.Track = offline.Tracking{State: offline.Waiting, Cause: offline.CauseUser, Regarding: regarding, Record: ref(offline.KindEmail, int(m.Key)+500)}
	})
}

// SetRegarding makes the messages wait with that regarding.
func (a *Agent) SetRegarding(keys []uint64, to offline.Ref) (agent.Undo, error) {
	return a.change("regarding "+to.String(), keys, func(m *offline.Message) {
		if m.Track.State != offline.Tracked {
			m.Track.State, m.Track.Cause = offline.Waiting, offline.CauseUser
		}
		m.Track.Regarding = to
	})
}

// Untrack unlinks.
func (a *Agent) Untrack(keys []uint64, deleteRecord bool) (agent.Undo, error) {
	name := "untrack"
	if deleteRecord {
		name += " and delete"
	}
	return a.change(name, keys, func(m *offline.Message) { m.Track = offline.Tracking{State: offline.Untracked, Declined: true} })
}

// Retry makes failed messages wait.
func (a *Agent) Retry(keys []uint64) error {
	_, err := a.change("retry", keys, func(m *offline.Message) { m.Track.State, m.Track.Reason = offline.Waiting, "" })
	return err
}

// RetrySetAside forgets that they were set aside.
func (a *Agent) RetrySetAside(ids []uint64) error {
	if err := a.note("retry set aside"); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		for _, id := range ids {
			if err := tx.DropSetAside(id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Deliver is the CRM having everything that waits.
func (a *Agent) Deliver() error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		keys, err := tx.KeysByState(offline.Waiting, 0)
		if err != nil {
			return err
		}
		for _, k := range keys {
			m, err := tx.Message(k)
			if err != nil {
				return err
			}
			m.Track.State = offline.Tracked
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
		}
		return nil
	})
	a.Set(func(*agent.Status) {})
	return err
}

// ErrOffline is what asking a network costs without one.
var ErrOffline = errors.New("connect to imap.example:993: network is unreachable")

// FetchBody brings a text from nowhere.
func (a *Agent) FetchBody(ctx context.Context, key uint64) error {
	a.mu.Lock()
	a.Fetched = append(a.Fetched, key)
	off := a.NoNet
	a.mu.Unlock()
	if off {
		return ErrOffline
	}
	_, err := a.Store.PutBody(key, io.MultiReader(strings.NewReader("Content-Type: text/plain; charset=utf-8\r\n\r\nFetched from the mailbox just now.\r\n")))
	return err
}

// Search finds one record that only the CRM has.
func (a *Agent) Search(ctx context.Context, text string, kinds []offline.Kind) ([]offline.Record, error) {
	a.mu.Lock()
	off := a.NoNet
	a.mu.Unlock()
	if off {
		return nil, ErrOffline
	}
	if strings.Contains("far away ltd", strings.ToLower(text)) {
		return []offline.Record{{Ref: ref(offline.KindAccount, 900), Name: "Far Away Ltd", Active: true}}, nil
	}
	return nil, nil
}

// SyncNow is only noted.
func (a *Agent) SyncNow() { _ = a.note("sync") }

// SetPaused changes the phase.
func (a *Agent) SetPaused(p bool) {
	a.Set(func(s *agent.Status) {
		s.Phase = agent.Idle
		if p {
			s.Phase = agent.Paused
		}
	})
}
