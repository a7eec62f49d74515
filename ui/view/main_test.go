package view

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"postrider/offline"
	"postrider/ui/internal/sample"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a desk on the sample, with the test's goroutine as the interface's.
type rig struct {
	t     *testing.T
	store *offline.Store
	agent *sample.Agent
	desk  *Desk
	posts chan func()
	told  []Parts
}

func newStore(t testing.TB) *offline.Store {
	t.Helper()
	key, err := offline.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := offline.Open(t.TempDir(), key, offline.OpenOptions{Now: sample.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newRig returns an open desk; filled says whether there is anything in its store.
func newRig(t *testing.T, filled bool) *rig {
	t.Helper()
	r := &rig{t: t, store: newStore(t), posts: make(chan func(), 10_000)}
	if filled {
		if err := sample.Fill(r.store); err != nil {
			t.Fatal(err)
		}
	}
	r.agent = sample.NewAgent(r.store)
	r.desk = NewDesk(Options{Store: r.store, Agent: r.agent, Now: sample.Now, Post: func(f func()) { r.posts <- f }, Changed: func(p Parts) { r.told = append(r.told, p) }})
	t.Cleanup(r.desk.Close)
	r.desk.Open()
	return r
}

// until runs what is posted until ok is true.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case f := <-r.posts:
			f()
		case <-deadline:
			r.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// undo takes back what was done last, once that is noted: what was done is seen in the
// store before.
func (r *rig) undo() {
	r.t.Helper()
	noted := false
	r.desk.Deeds.later(func() func() { return func() { noted = true } }) // deeds are done in turn
	r.until("what was done is noted", func() bool { return noted })
	r.until("it can be undone", r.desk.Deeds.CanUndo)
	r.desk.Deeds.Undo()
}

// ready waits for the inbox and the first message in full.
func (r *rig) ready() {
	r.t.Helper()
	r.until("the inbox and its first message are shown", func() bool {
		_, ok := r.desk.List.Row(0)
		return ok && r.desk.Reader.Ready && r.desk.Reader.Text.State == BodyReady && len(r.desk.Places) > 0
	})
}

func (r *rig) row(subject string) (int, Row) {
	r.t.Helper()
	for i := range r.desk.List.Len() {
		if row, ok := r.desk.List.Row(i); ok && row.Subject == subject {
			return i, row
		}
	}
	r.t.Fatalf("no row with the subject %q", subject)
	return 0, Row{}
}

// choose puts the cursor on the message with this subject and waits for it.
func (r *rig) choose(subject string) {
	r.t.Helper()
	i, _ := r.row(subject)
	r.desk.List.Click(i, false, false)
	r.until("the message "+subject+" is shown", func() bool {
		return r.desk.Reader.Ready && r.desk.Reader.Preview.Subject == subject
	})
}

func (r *rig) message(key uint64) offline.Message {
	r.t.Helper()
	var m offline.Message
	if err := r.store.View(func(tx *offline.Tx) (err error) {
		m, err = tx.Message(key)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return m
}
