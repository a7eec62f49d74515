package view

import (
	"context"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/offline"
)

// Compose is the message that is being written: what its page shows, and what is
// kept of it. It is on the disk two seconds after the writer paused, and when it
// is left; what was only opened, and not changed, leaves nothing behind.
type Compose struct {
	Title       string // "Reply to Jana Nováková"
	From        string
	To, Cc, Bcc *Recipients
	More        bool // Cc and Bcc are shown
	Subject     string
	Token       string // what is added to the subject that goes out: "CRM:0001042", or "CRM:…"
	Text        string // what the user writes
	Quote       string // what is quoted below
	Rich        bool   // goes out as simple HTML, too
	Files       []FileLine
	Track       bool
	About       *Card
	Concerns    []agent.Concern
	Asked       bool   // the concerns were shown after Send was pressed: once more sends it all the same
	Saved       string // "Saved 14:05", "Not saved yet"
	Bad         bool   // it could not be saved
	Busy        string // what is under way: "Opening …", "Sending …"
	Trouble     string // why it could not be opened or sent

	env     *env
	draft   offline.Draft // what is not shown of it
	store   saver
	open    slot
	save    slot
	check   slot
	fetch   slot                // of templates
	going   slot                // to the outbox
	rev     int                 // counts changes
	dirty   bool                // there are changes that are not saved
	since   time.Time           // dirty since
	pressed bool                // Send was pressed
	extra   []offline.DraftFile // attached before it was open
	gone    bool                // sent, discarded or left
}

// FileLine is an attachment as it is listed.
type FileLine struct {
	Name    string
	Size    string
	Problem string // why it could not go, or not into the CRM
}

// Ready reports whether there is something to write in.
func (c *Compose) Ready() bool { return c.Busy == "" && c.Trouble == "" || c.draft.State != "" }

// Write begins a message: a new one, or one that answers or forwards the message
// of that key. What was being written before is kept as a draft.
func (d *Desk) Write(kind agent.DraftKind, key uint64, about offline.Ref) {
	d.begin(func(ctx context.Context, c *Compose) (offline.Draft, error) {
		return d.env.writer.NewDraft(ctx, kind, key, about)
	}, titleOf(kind))
}

// WriteTo begins a message to somebody, about a record unless that is zero.
func (d *Desk) WriteTo(to offline.Address, about offline.Ref) {
	d.begin(func(ctx context.Context, c *Compose) (offline.Draft, error) {
		draft, err := d.env.writer.NewDraft(ctx, agent.DraftNew, 0, about)
		if draft.To = nil; to.Addr != "" {
			draft.To = []offline.Address{to}
		}
		return draft, err
	}, titleOf(agent.DraftNew))
}

// Reopen goes on with a draft.
func (d *Desk) Reopen(id uint64) {
	if d.Compose != nil && d.Compose.store.id() == id {
		d.env.tell(PartCompose)
		return
	}
	d.begin(func(context.Context, *Compose) (offline.Draft, error) {
		var draft offline.Draft
		err := d.env.store.View(func(tx *offline.Tx) (err error) {
			draft, err = tx.Draft(id)
			return err
		})
		return draft, err
	}, "Draft")
}

// CanWrite reports whether this profile can send mail.
func (d *Desk) CanWrite() bool { return d.env.writer != nil }

func (d *Desk) begin(get func(context.Context, *Compose) (offline.Draft, error), title string) {
	if d.env.writer == nil {
		d.Deeds.Say("This profile has no way to send mail: set a mail server for sending in its configuration.")
		return
	}
	if d.Compose != nil {
		d.Compose.Leave()
	}
	e := d.env
	c := &Compose{env: e, Title: title, Busy: "Opening …", Rich: true, open: e.slot(), save: e.slot(), check: e.slot(), fetch: e.slot(), going: e.slot()}
	c.store.writer = e.writer
	for _, r := range []**Recipients{&c.To, &c.Cc, &c.Bcc} {
		*r = newRecipients(e.book, c.tell, c.edited)
	}
	d.Compose = c
	c.open.do(func(ctx context.Context) func() {
		draft, err := get(ctx, c)
		card := c.readAbout(draft.Regarding)
		return func() { c.fill(draft, card, err) }
	})
	c.tell()
}

func titleOf(kind agent.DraftKind) string {
	switch kind {
	case agent.DraftReply:
		return "Reply"
	case agent.DraftReplyAll:
		return "Reply to all"
	case agent.DraftForward:
		return "Forward"
	}
	return "New message"
}

// fill shows the draft.
func (c *Compose) fill(d offline.Draft, about *Card, err error) {
	c.Busy = ""
	if err != nil {
		c.Trouble = "The message could not be opened: " + OneLine(err.Error(), 300)
		c.tell()
		return
	}
	if d.State == "" {
		d.State = offline.DraftEditing
	}
	c.draft = d
	c.store.take(d.ID)
	c.From = WriteAddressee(d.From)
	c.To.set(d.To)
	c.Cc.set(d.Cc)
	c.Bcc.set(d.Bcc)
	c.More = len(d.Cc)+len(d.Bcc) > 0
	c.Subject = d.Subject
	c.Text, c.Quote = SplitQuote(d.Text)
	if c.Quote != "" {
		c.Text = strings.TrimRight(c.Text, "\n")
	}
	c.Rich = d.HTML != "" || d.ID == 0
	c.Track, c.About = d.Track, about
	if d.ID != 0 {
		c.Saved = "Saved " + When(d.Saved, c.env.now())
		if d.Saved.IsZero() {
			c.Saved = "Saved"
		}
		if d.Subject != "" {
			c.Title = OneLine(d.Subject, 80)
		}
	} else if len(d.To) > 0 && c.Title == "Reply" {
		c.Title = "Reply to " + People(d.To, 2)
	}
	c.showFiles()
	c.showToken()
	c.attach(c.extra)
	c.recheck()
	c.tell()
}

func (c *Compose) tell() {
	if !c.gone {
		c.env.tell(PartCompose)
	}
}

// now is the message as it stands.
func (c *Compose) now() offline.Draft {
	d := c.draft
	d.To, d.Cc, d.Bcc = c.To.all(), c.Cc.all(), c.Bcc.all()
	d.Subject = c.Subject
	d.Text = c.Text
	if c.Quote != "" {
		d.Text = strings.TrimRight(c.Text, "\n") + "\n\n" + c.Quote
	}
	d.HTML = ""
	if c.Rich {
		d.HTML = ToHTML(d.Text)
	}
	d.Track, d.Regarding = c.Track, offline.Ref{}
	if c.Track && c.About != nil {
		d.Regarding = c.About.Ref
	}
	d.Files = slices.Clone(c.draft.Files)
	return d
}

// SetSubject is what the subject's field has now.
func (c *Compose) SetSubject(s string) {
	if s != c.Subject {
		c.Subject = s
		c.edited()
	}
}

// SetText is what the text's field has now.
func (c *Compose) SetText(s string) {
	if s != c.Text {
		c.Text = s
		c.edited()
	}
}

// SetRich says whether it goes out as simple HTML beside the text.
func (c *Compose) SetRich(on bool) {
	if on != c.Rich {
		c.Rich = on
		c.edited()
		c.tell()
	}
}

// SetTrack says whether it is tracked when it is sent.
func (c *Compose) SetTrack(on bool) {
	if on != c.Track {
		c.Track = on
		c.showToken()
		c.edited()
		c.tell()
	}
}

// SetAbout says what it is about; nil: nothing. What is about something is tracked.
func (c *Compose) SetAbout(card *Card) {
	c.About = card
	c.Track = c.Track || card != nil
	c.showToken()
	c.edited()
	c.tell()
}

// ShowMore shows Cc and Bcc.
func (c *Compose) ShowMore() {
	c.More = true
	c.tell()
}

// EditQuote makes what is quoted part of what is written.
func (c *Compose) EditQuote() {
	if c.Quote != "" {
		c.Text, c.Quote = strings.TrimRight(c.Text, "\n")+"\n\n"+c.Quote, ""
		c.edited()
		c.tell()
	}
}

// DropQuote leaves what is quoted out.
func (c *Compose) DropQuote() {
	c.Quote = ""
	c.edited()
	c.tell()
}

// QuoteLines counts the lines that are quoted.
func (c *Compose) QuoteLines() int { return quoteLines(c.Quote) }

// Blank reports whether the user has written nothing yet: a signature does not count.
func (c *Compose) Blank() bool {
	own, _ := splitSignature(c.Text)
	return strings.TrimSpace(own) == ""
}

// Answers is the message that it answers or forwards; 0: none.
func (c *Compose) Answers() uint64 { return c.draft.Answers }

func (c *Compose) showToken() {
	o := c.env.options()
	c.Token = c.draft.Token
	if c.Token == "" && c.Track && len(o.TokenPrefixes) > 0 {
		c.Token = o.TokenPrefixes[0] + "…"
	}
	if !c.Track {
		c.Token = ""
	}
}

func (c *Compose) readAbout(r offline.Ref) *Card {
	if r.IsZero() {
		return nil
	}
	card := Card{Ref: r, Symbol: KindSymbol(r.Kind), Kind: KindName(r.Kind), Name: "a record of kind " + string(r.Kind)}
	err := c.env.store.View(func(tx *offline.Tx) error {
		rec, err := tx.Record(r)
		if err == nil {
			card = newCard(tx, rec, c.env.now())
		}
		return nil
	})
	if err != nil {
		c.env.log.Warn("the record that a message is about could not be read", "err", err)
	}
	return &card
}
