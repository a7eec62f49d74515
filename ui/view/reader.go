package view

import (
	"context"
	"errors"
	"slices"
	"time"

	"postrider/agent/message"
	"postrider/offline"
)

// Preview is the chosen message, or the chosen messages, as the middle shows them.
type Preview struct {
	Keys []uint64 // empty: nothing is chosen

	// Of one message:
	Subject  string
	Bare     bool // no subject
	Who      string
	Whom     string // "me, Petr and 3 more"
	AllWhom  string // every address in full
	When     string
	FullWhen string
	Sign     Sign
	Tone     Tone
	Sentence string

	// Of several:
	Many string // "12 messages": set when there are several
	Sums []Sum

	Actions []Action
	Never   []NeverOffer // about whom it is from
	Record  offline.Ref  // the email in the CRM that a single message is; zero: none
	Linked  int          // how many of them have a record in the CRM
}

// Sum counts the chosen messages in one state.
type Sum struct {
	Sign Sign
	Tone Tone
	Text string
}

// BodyState is how far the text of the message is.
type BodyState int

// The states of the text.
const (
	BodyNone    BodyState = iota // nothing to show
	BodyLoading                  // being read, or fetched from the mailbox
	BodyReady
	BodyFailed // BodyNote says why; it can be tried again
)

// Part is an attachment as it is listed.
type Part struct {
	Name string
	Type string // media type
}

// Text is the body of the chosen message.
type Text struct {
	Key   uint64
	State BodyState
	Note  string
	Body  Body
	Parts []Part
}

// Reader shows the messages that are chosen in the list: header, state, text, and
// who and what they are about.
type Reader struct {
	Preview Preview
	Text    Text
	Panel   Panel
	Ready   bool // Preview belongs to what is chosen

	env  *env
	keys []uint64
	head slot
	body slot
}

func newReader(e *env) *Reader {
	return &Reader{env: e, head: e.slot(), body: e.slot()}
}

// show brings these messages.
func (r *Reader) show(keys []uint64) {
	if slices.Equal(keys, r.keys) {
		return
	}
	r.keys, r.Ready = keys, false
	r.loadHead()
	if len(keys) == 1 {
		if r.Text.Key != keys[0] {
			r.loadBody(false)
		}
		return
	}
	r.body.drop()
	r.Text = Text{}
	r.env.tell(PartBody)
}

// Reload tries to get the text again.
func (r *Reader) Reload() { r.loadBody(true) }

// refresh reads anew what the notice touches.
func (r *Reader) refresh(n offline.Notice) {
	if len(r.keys) == 0 {
		return
	}
	hit := n.Records || n.Settings || n.Keys == nil || len(r.keys) > 50
	for _, k := range r.keys {
		hit = hit || slices.Contains(n.Keys, k)
	}
	if hit {
		r.loadHead()
	}
}

func (r *Reader) loadHead() {
	keys, now := r.keys, r.env.now()
	r.head.do(func(ctx context.Context) func() {
		var p Preview
		var side Panel
		var rules offline.Rules
		if r.env.ruler != nil {
			rules = r.env.ruler.Rules()
		}
		if len(keys) > 0 {
			err := r.env.store.View(func(tx *offline.Tx) error {
				if len(keys) > 1 {
					p = previewMany(ctx, tx, keys)
					return nil
				}
				m, err := tx.Message(keys[0])
				if err != nil {
					return err
				}
				p = previewOne(m, nameOf(tx, m.Track.Regarding), now)
				if r.env.writer != nil {
					p.Actions = append(p.Actions, answerActions(m)...)
				}
				if r.env.ruler != nil {
					p.Never = neverOffers(rules, m)
				}
				side = readPanel(tx, m, now)
				return nil
			})
			if err != nil && !errors.Is(err, offline.ErrNotFound) {
				r.env.log.Warn("the message could not be read", "err", err)
			}
		}
		return func() {
			r.Preview, r.Panel, r.Ready = p, side, true
			r.env.tell(PartPreview | PartPanel)
		}
	})
}

func previewOne(m offline.Message, regarding string, now time.Time) Preview {
	row := NewRow(m, regarding, now)
	p := Preview{
		Keys: []uint64{m.Key}, Subject: row.Subject, Bare: row.Bare, FullWhen: row.FullWhen,
		When: m.Date.In(now.Location()).Format("2 Jan 2006, 15:04"),
		Sign: row.Sign, Tone: row.Tone, Sentence: row.Sentence,
		Actions: actionsFor(map[offline.State][]uint64{m.Track.State: {m.Key}}, []uint64{m.Key}, !m.Track.Regarding.IsZero()),
	}
	if row.When == m.Date.In(now.Location()).Format("15:04") {
		p.When = "Today, " + row.When
	}
	if row.Edge {
		p.Linked, p.Record = 1, m.Track.Record
	}
	p.Who = "(no sender)"
	if len(m.From) > 0 {
		p.Who = Named(m.From[0])
		p.AllWhom = "From " + full(m.From)
	}
	if m.Outgoing {
		p.Who = "Me"
	}
	whom := append(slices.Clone(m.To), m.Cc...)
	p.Whom = People(whom, 3)
	for _, l := range []struct {
		name string
		as   []offline.Address
	}{{"To", m.To}, {"Cc", m.Cc}, {"Bcc", m.Bcc}} {
		if len(l.as) > 0 {
			p.AllWhom += "\n" + l.name + " " + full(l.as)
		}
	}
	return p
}

func full(as []offline.Address) string {
	s := ""
	for i, a := range as {
		if i == 12 {
			return s + " and " + Count(len(as)-i) + " more"
		}
		if i > 0 {
			s += ", "
		}
		if n := OneLine(a.Name, 80); n != "" {
			s += n + " <" + OneLine(a.Addr, 120) + ">"
		} else {
			s += OneLine(a.Addr, 120)
		}
	}
	return s
}

func previewMany(ctx context.Context, tx *offline.Tx, keys []uint64) Preview {
	p := Preview{Keys: keys, Many: Plural(len(keys), "message") + " selected"}
	by := map[offline.State][]uint64{}
	about := false
	for i, k := range keys {
		if i%256 == 0 && ctx.Err() != nil {
			return p
		}
		m, err := tx.Message(k)
		if err != nil {
			continue
		}
		s := m.Track.State
		if s == "" {
			s = offline.Untracked
		}
		by[s] = append(by[s], k)
		about = about || !m.Track.Regarding.IsZero()
	}
	for _, s := range []struct {
		state offline.State
		words string
	}{{offline.Tracked, "tracked"}, {offline.Waiting, "waiting"}, {offline.Failed, "could not be tracked"}, {offline.Untracked, "not tracked"}} {
		if n := len(by[s.state]); n > 0 {
			sign, tone := SignOf(offline.Tracking{State: s.state})
			p.Sums = append(p.Sums, Sum{sign, tone, Count(n) + " " + s.words})
		}
	}
	p.Actions = actionsFor(by, keys, about)
	p.Linked = len(by[offline.Tracked])
	return p
}

// loadBody reads the text of the chosen message, from the store or else from the
// mailbox. A message passed by quickly is not fetched.
func (r *Reader) loadBody(now bool) {
	key := r.keys[0]
	r.Text = Text{Key: key, State: BodyLoading}
	r.env.tell(PartBody)
	r.body.do(func(ctx context.Context) func() {
		t, err := r.readBody(key)
		if errors.Is(err, offline.ErrNotFound) {
			if !now && !rest(ctx, 250*time.Millisecond) {
				return nil
			}
			if err = r.env.agent.FetchBody(ctx, key); err == nil {
				t, err = r.readBody(key)
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			t = Text{Key: key, State: BodyFailed, Note: err.Error()}
		}
		return func() {
			r.Text = t
			r.env.tell(PartBody)
		}
	})
}

// rest waits; it reports false if ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *Reader) readBody(key uint64) (Text, error) {
	f, err := r.env.store.Body(key)
	if err != nil {
		return Text{}, err
	}
	defer f.Close()
	c, err := message.Read(f, message.Limits{NamesOnly: true})
	if err != nil {
		return Text{}, err
	}
	t := Text{Key: key, State: BodyReady}
	switch {
	case c.HTML != "":
		t.Body = FromHTML(c.HTML)
	default:
		t.Body = FromText(c.Text)
	}
	if len(t.Body.Blocks) == 0 && c.Text != "" {
		t.Body = FromText(c.Text)
	}
	for _, a := range c.Attachments {
		if a.ContentID != "" && c.HTML != "" {
			continue // a picture of the text
		}
		name := OneLine(a.Name, 120)
		if name == "" {
			name = "unnamed " + a.Type
		}
		t.Parts = append(t.Parts, Part{name, OneLine(a.Type, 60)})
	}
	return t, nil
}
