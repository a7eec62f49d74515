package view

import (
	"cmp"
	"context"
	"slices"
	"time"

	"postrider/agent/merge"
	"postrider/offline"
)

// The verbs of items, beside those of messages.
const (
	VerbEdit   Verb = "edit"
	VerbDelete Verb = "delete"
)

// ItemView is the chosen appointment, contact or task in full, or what several
// marked ones have in common.
type ItemView struct {
	Keys     []uint64
	Many     string // several: how many
	Kind     offline.Kind
	Title    string
	Bare     bool
	Sign     Sign
	Tone     Tone
	Sentence string
	Notes    []string // what else is to be known: why it can't be carried, what waits
	About    *Card
	Record   offline.Ref
	Owned    bool // the record is the user's
	Facts    []ItemWords
	Clashes  []ClashLine
	Actions  []Action
	Place    string
	Linked   bool
	ReadOnly bool
	Past     bool
	Series   bool

	words offline.Fields
	track offline.Tracking
	coll  string
}

// ItemWords is a field with its value.
type ItemWords struct{ Word, Name, Text string }

// shownWords are the words that are shown of a kind, in order; what is empty is
// left out. What else an item has stands behind them.
var shownWords = map[offline.Kind][]string{
	offline.KindAppointment: {offline.WordTime, offline.WordRecurrence, "location", offline.WordShow, "importance", offline.WordPrivate, offline.WordOrganizer, offline.WordRequired, offline.WordOptional, "body"},
	offline.KindTask:        {"due", "start", offline.WordStatus, "percent", "completed", "importance", offline.WordPrivate, "body"},
	offline.KindContact: {"company", "title", "department", "email1", "email2", "email3", "phone-business", "mobile", "phone-home", "address1-street", "address1-postcode", "address1-city",
		"address1-region", "address1-country", "birthday", "website", "body"},
}

// hiddenWords are said elsewhere, or nothing for people.
var hiddenWords = []string{offline.WordSubject, offline.WordZone, offline.WordRegarding, offline.WordParent, "first", "last", "photo"}

// look reads the chosen item.
func (l *Items) look() {
	keys, at := l.Targets(), rowID{}
	if len(l.marked) == 0 {
		at = l.at
	}
	var row ItemRow
	if l.Cursor >= 0 && l.Cursor < len(l.Rows) {
		row = l.Rows[l.Cursor]
	}
	if len(keys) != 1 {
		l.looking.drop()
		l.Shown = l.many(keys)
		return
	}
	e, now, key := l.env, l.env.now(), keys[0]
	l.looking.do(func(context.Context) func() {
		var v ItemView
		err := e.store.View(func(tx *offline.Tx) (err error) {
			v, err = readItem(tx, key, now)
			return err
		})
		if at.occurrence != "" {
			v.occurrence(row)
		}
		return func() {
			if err != nil {
				e.log.Info("an item could not be read", "err", err)
				v = ItemView{Kind: l.Kind}
			}
			if e.keeper == nil {
				v.Actions = nil
			}
			l.Shown = v
			e.tell(l.part)
		}
	})
}

// occurrence puts in what differs in one time of a series.
func (v *ItemView) occurrence(r ItemRow) {
	v.Title, v.Bare = r.Name, r.Bare
	for i := range v.Facts {
		f := &v.Facts[i]
		switch f.Word {
		case "location":
			f.Text = r.Sub
		case offline.WordTime:
			f.Text = r.From.Format("Monday, 2 January 2006") + ", " + r.When
		}
	}
}

// many sums up several marked items.
func (l *Items) many(keys []uint64) ItemView {
	v := ItemView{Kind: l.Kind, Keys: keys}
	if len(keys) == 0 {
		return v
	}
	v.Many = Plural(len(keys), ItemNoun(l.Kind))
	by := map[string]int{}
	var fresh, failed, about []uint64
	for i := range l.facts {
		f := &l.facts[i]
		if !slices.Contains(keys, f.key) {
			continue
		}
		by[stateWord(f.filed())]++
		if f.track.State == offline.Failed {
			failed = append(failed, f.key)
		}
		if f.problem == "" {
			about = append(about, f.key)
			if f.track.State == offline.Untracked || f.track.State == "" {
				fresh = append(fresh, f.key)
			}
		}
	}
	for _, s := range []string{"tracked", "waiting", "not tracked", "need you"} {
		if by[s] > 0 {
			v.Notes = append(v.Notes, Count(by[s])+" "+s)
		}
	}
	v.Notes = append(v.Notes, "Untracking and deleting is done one at a time.") // R-TRACK-05
	if l.env.keeper == nil {
		return v
	}
	if len(fresh) > 0 {
		v.Actions = append(v.Actions, Action{Verb: VerbTrack, Label: "Track " + Plural(len(fresh), ItemNoun(l.Kind)), Symbol: "track", Key: "T", Primary: true, Keys: fresh})
	}
	if len(failed) > 0 {
		v.Actions = append(v.Actions, Action{Verb: VerbRetry, Label: "Try " + Plural(len(failed), ItemNoun(l.Kind)) + " again", Symbol: "retry", Primary: len(fresh) == 0, Keys: failed})
	}
	if len(about) > 0 {
		v.Actions = append(v.Actions, Action{Verb: VerbRegarding, Label: aboutVerb(l.Kind) + " for " + Count(len(about)) + "…", Symbol: "regarding", Key: "R", Keys: about})
	}
	return v
}

func stateWord(s offline.State) string {
	switch s {
	case offline.Tracked:
		return "tracked"
	case offline.Waiting:
		return "waiting"
	case offline.Failed:
		return "need you"
	}
	return "not tracked"
}

// aboutVerb sets what an item is about; of a contact it is the account.
func aboutVerb(kind offline.Kind) string {
	if kind == offline.KindContact {
		return "Set account"
	}
	return "Set regarding"
}

func readItem(tx *offline.Tx, key uint64, now time.Time) (ItemView, error) {
	it, err := tx.Item(key)
	if err != nil {
		return ItemView{}, err
	}
	f := newFact(&it)
	words := it.Now()
	v := ItemView{
		Keys: []uint64{key}, Kind: it.Kind, Title: f.name, words: words, track: it.Track, coll: it.Collection,
		Past: isPast(&f, now), Series: f.recurrence != "",
	}
	if v.Title == "" {
		v.Title, v.Bare = "(no subject)", true
		if it.Kind == offline.KindContact {
			v.Title = "(no name)"
		}
	}
	if c, err := tx.Collection(it.Collection); err == nil {
		v.Place, v.ReadOnly = OneLine(c.Name, 80), c.ReadOnly
	}
	if link, err := tx.ItemLink(key); err == nil {
		v.Linked, v.Record, v.Owned = true, link.Record, link.Owned
		if link.Closed { // R-TRACK-22
			v.Notes = append(v.Notes, "It is closed in the CRM: what is changed here stays here.")
		}
	}
	if about := f.track.Regarding; !about.IsZero() {
		c := Card{Ref: about, Symbol: KindSymbol(about.Kind), Kind: KindName(about.Kind), Name: nameOf(tx, about)}
		if rec, err := tx.Record(about); err == nil {
			c = newCard(tx, rec, now)
		}
		v.About, f.about = &c, c.Name
	}
	all, err := tx.Conflicts()
	if err != nil {
		return v, err
	}
	for _, c := range slices.Backward(all) {
		if c.Item == key {
			v.Clashes = append(v.Clashes, newClash(c, it.Kind, now))
			f.clash = f.clash || c.Winner == ""
		}
	}
	v.state(&it, &f, now)
	v.facts(now)
	v.Actions = v.actions(&it)
	return v, nil
}

// state words how it stands with the CRM.
func (v *ItemView) state(it *offline.Item, f *itemFact, now time.Time) {
	v.Sign, v.Tone, _ = f.state()
	about := f.about
	if it.Kind == offline.KindContact {
		about = "" // it is said as the account
	}
	v.Sentence = itemSentence(it.Track, about, now)
	if f.clash {
		v.Sentence = "Changed here and in the CRM at once: choose below what is to hold"
	}
	if it.Problem != "" {
		v.Notes = append(v.Notes, OneLine(it.Problem, 400)+".")
	}
	if it.Gone {
		v.Notes = append(v.Notes, "It was deleted in your "+placeOf(it.Kind)+". What becomes of it in the CRM is decided with the next sync, or by you on the page Sync.")
	}
	if len(it.Edits) > 0 {
		v.Notes = append(v.Notes, "What was changed here goes to your "+placeOf(it.Kind)+" with the next sync.")
	}
	if v.ReadOnly {
		v.Notes = append(v.Notes, "“"+v.Place+"” can't be written to: it can be tracked, but not changed here.")
	}
}

// facts are the words that the item has.
func (v *ItemView) facts(now time.Time) {
	order := shownWords[v.Kind]
	add := func(word string) {
		if t := WordText(v.Kind, word, v.words[word], now); t != "" {
			v.Facts = append(v.Facts, ItemWords{word, WordName(v.Kind, word), t})
		}
	}
	for _, w := range order {
		if w != "body" {
			add(w)
		}
	}
	var rest []string
	for w := range v.words {
		if !slices.Contains(order, w) && !slices.Contains(hiddenWords, w) {
			rest = append(rest, w)
		}
	}
	slices.SortFunc(rest, func(a, b string) int { return cmp.Compare(WordName(v.Kind, a), WordName(v.Kind, b)) })
	for _, w := range rest {
		add(w)
	}
	add("body")
	if v.Place != "" {
		v.Facts = append(v.Facts, ItemWords{"", "Kept in", v.Place})
	}
}

// actions are what can be done with it.
func (v *ItemView) actions(it *offline.Item) (as []Action) {
	fresh := it.Track.State == offline.Untracked || it.Track.State == ""
	switch {
	case it.Gone:
		return nil
	case it.Track.State == offline.Failed:
		as = append(as, Action{Verb: VerbRetry, Label: "Try again", Symbol: "retry", Key: "T", Primary: true, Keys: v.Keys})
	case fresh && it.Problem == "":
		as = append(as, Action{Verb: VerbTrack, Label: "Track", Symbol: "track", Key: "T", Primary: true, Keys: v.Keys})
	}
	if it.Problem == "" {
		label := aboutVerb(v.Kind) + "…"
		if v.About != nil {
			label = "Change" + label[len("Set"):]
		}
		as = append(as, Action{Verb: VerbRegarding, Label: label, Symbol: "regarding", Key: "R", Keys: v.Keys})
	}
	if !v.ReadOnly {
		as = append(as, Action{Verb: VerbEdit, Label: "Edit…", Symbol: "write", Key: "E", Keys: v.Keys})
	}
	if !fresh {
		as = append(as, Action{Verb: VerbUntrack, Label: "Untrack…", Symbol: "untrack", Key: "U", Keys: v.Keys})
	}
	if !v.ReadOnly {
		as = append(as, Action{Verb: VerbDelete, Label: "Delete…", Symbol: "trash", Key: "Del", Keys: v.Keys})
	}
	return as
}

// MayDeleteRecord says whether untracking can delete the record, too, or why not
// (R-UNTRACK-02 to -05).
func (v *ItemView) MayDeleteRecord() (may bool, whyNot string) {
	kind := v.Kind
	if v.Series {
		kind = offline.KindSeries
	}
	return merge.Untrack(merge.Untracking{Kind: kind, Delete: true, Owner: v.Owned, Past: v.Past})
}
