package demo

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // what is answered is quoted, in whatever charset it was
	"github.com/emersion/go-message/mail"

	"postrider/app/demo/story"
	"postrider/offline"
)

// tale is where the story stands.
type tale struct {
	story    *story.Story
	seed     uint64
	steps    int             // messages that arrived since the start
	told     int             // of the story's own arrivals
	letters  int             // newsletters beyond those
	answered map[string]bool // Message-IDs that have had an answer
	awaited  []awaited       // answers to what was sent, in order
	outbox   []Sent
}

// awaited is an answer that will come, or a bounce.
type awaited struct {
	to      story.Parent
	address string
	from    *story.Person // nil: the mail system says that there is no such address
	after   int           // it comes once so many messages have arrived
}

const (
	firstArrival      = 8 * time.Second
	shortestWait      = 20 * time.Second
	longestWait       = 40 * time.Second
	arrivalsOfOneRun  = 40
	arrivalsToAnswer  = 2 // between a mail that is sent and its answer
	quotedCharacters  = 2000
	trackedWithinLife = 95 * 24 * time.Hour // older mail is not answered any more
)

// live lets mail arrive until ctx ends or the run has had its share.
func (w *World) live(ctx context.Context, o Options) {
	after := o.After
	if after == nil {
		after = func(d time.Duration) (<-chan time.Time, func()) {
			t := time.NewTimer(d)
			return t.C, func() { t.Stop() }
		}
	}
	most := o.Arrivals
	if most == 0 {
		most = arrivalsOfOneRun
	}
	r := rand.New(rand.NewPCG(o.Seed, 7))
	wait := firstArrival
	for range most {
		fired, stop := after(wait)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-fired:
		}
		if err := w.Step(); err != nil {
			w.log.Error("nothing arrived in the demo", "error", err)
		}
		wait = shortestWait + time.Duration(r.Int64N(int64(longestWait-shortestWait)))
	}
}

// Step lets the next message arrive now: an answer to what was sent, an answer
// to what was tracked, or something else, by turns.
func (w *World) Step() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := w.next()
	if err != nil {
		return err
	}
	w.tale.steps++
	w.log.Info("mail arrives in the demo", "number", w.tale.steps)
	return w.put(m)
}

func (w *World) next() (*story.Message, error) {
	t, now := &w.tale, w.now()
	for i, a := range t.awaited {
		if t.steps < a.after {
			continue
		}
		t.awaited = slices.Delete(t.awaited, i, i+1)
		if a.from == nil {
			return t.story.Bounce(a.to, a.address, now)
		}
		return t.story.Answer(a.to, a.from, t.story.Ann(), now)
	}
	if t.steps%2 == 0 {
		if parent, from := w.tracked(now); from != nil {
			t.answered[parent.ID] = true
			return t.story.Answer(parent, from, t.story.Ann(), now)
		}
	}
	m, told, err := t.story.Arrival(t.told, now)
	t.told = told
	if m != nil || err != nil {
		return m, err
	}
	t.letters++
	return t.story.Newsletter(t.letters, now)
}

// expect notes that to will answer m, if the story knows them, or that the
// address does not exist, if it ends in .test.
func (t *tale) expect(m Sent, to string) {
	e, err := open(m.Raw)
	if err != nil {
		return
	}
	a := awaited{to: parentOf(e, t.story.Ann()), address: to, after: t.steps + arrivalsToAnswer}
	switch p := t.story.ByAddress(to); {
	case p != nil && mayAnswer(p) && !t.answered[a.to.ID]:
		a.from = p
		t.answered[a.to.ID] = true // one answer is enough, however many got it
	case strings.HasSuffix(offline.Fold(to), ".test"):
		a.after = t.steps
	default:
		return
	}
	t.awaited = append(t.awaited, a)
}

// mayAnswer leaves out colleagues, who would rather come over, and programs.
func mayAnswer(p *story.Person) bool {
	return (p.Kind == "contact" || p.Kind == "lead" || p.Kind == "other") && p.Mailer != "script"
}

// tracked finds the email in the organization that was tracked last and has had
// no answer yet, and who would give one.
func (w *World) tracked(now time.Time) (story.Parent, *story.Person) {
	t := &w.tale
	emails := w.org.Rows("email", func(row map[string]any) bool {
		id, _ := row["messageid"].(string)
		made, _ := row["createdon"].(time.Time)
		return id != "" && !t.answered[id] && now.Sub(made) < trackedWithinLife
	})
	slices.SortStableFunc(emails, func(a, b map[string]any) int {
		at, _ := a["createdon"].(time.Time)
		bt, _ := b["createdon"].(time.Time)
		return bt.Compare(at)
	})
	for _, row := range emails {
		id, _ := row["messageid"].(string)
		if p := w.partner(row); p != nil {
			return w.parent(id, row), p
		}
		t.answered[id] = true // nobody will
	}
	return story.Parent{}, nil
}

// partner is the person outside the company with whom an email was exchanged.
func (w *World) partner(email map[string]any) *story.Person {
	outgoing, _ := email["directioncode"].(bool)
	mask := int64(1) // the sender
	if outgoing {
		mask = 2
	}
	for _, row := range w.org.Rows("activityparty", func(row map[string]any) bool {
		return row["_activityid_value"] == email["activityid"] && row["participationtypemask"] == mask
	}) {
		addr, _ := row["addressused"].(string)
		if p := w.tale.story.ByAddress(addr); p != nil && mayAnswer(p) {
			return p
		}
	}
	return nil
}

// parent is the message that an email record was made from, as the mailbox has
// it; for what only a colleague had, as the record has it.
func (w *World) parent(id string, row map[string]any) story.Parent {
	for _, folder := range w.mail.Folders() {
		for _, m := range w.mail.Messages(folder) {
			if !bytes.Contains(m.Raw, []byte(id)) {
				continue
			}
			if e, err := open(m.Raw); err == nil && e.Header.Get("Message-Id") == id {
				return parentOf(e, w.tale.story.Ann())
			}
		}
	}
	p := story.Parent{ID: id, From: w.tale.story.Ann(), Date: w.now()}
	p.Subject, _ = row["subject"].(string)
	if at, ok := row["actualend"].(time.Time); ok {
		p.Date = at
	}
	for _, m := range w.tale.story.Messages {
		if m.ID == id {
			p.From, p.Text, p.References = m.From, m.Text, m.References
		}
	}
	return p
}

// parentOf reads what an answer needs of a message.
func parentOf(e *message.Entity, fallback *story.Person) story.Parent {
	head := mail.Header{Header: e.Header}
	p := story.Parent{ID: e.Header.Get("Message-Id"), From: fallback}
	p.Subject, _ = head.Subject()
	p.Date, _ = head.Date()
	if from, err := head.AddressList("From"); err == nil && len(from) > 0 {
		p.From = story.Stranger(from[0].Name, from[0].Address)
	}
	if ids, err := head.MsgIDList("References"); err == nil {
		for _, id := range ids {
			p.References = append(p.References, "<"+id+">")
		}
	}
	p.Text = textOf(e)
	return p
}

// textOf is the beginning of the first plain text of a message.
func textOf(e *message.Entity) (text string) {
	_ = e.Walk(func(_ []int, e *message.Entity, err error) error {
		kind, _, _ := e.Header.ContentType()
		if text != "" || err != nil || kind != "text/plain" && kind != "" {
			return nil
		}
		b, _ := io.ReadAll(io.LimitReader(e.Body, 4*quotedCharacters))
		text = strings.ToValidUTF8(strings.ReplaceAll(string(b), "\r\n", "\n"), "")
		return nil
	})
	text, _, _ = strings.Cut(text, "\n> ")
	if r := []rune(text); len(r) > quotedCharacters {
		text = string(r[:quotedCharacters])
	}
	return strings.TrimSpace(text)
}

// open reads a message whatever its charset.
func open(raw []byte) (*message.Entity, error) {
	e, err := message.Read(bytes.NewReader(raw))
	if message.IsUnknownCharset(err) || message.IsUnknownEncoding(err) {
		err = nil
	}
	return e, err
}
