package view

import (
	"context"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/offline"
)

// itemFact is what lists need to know of an appointment, contact or task.
type itemFact struct {
	key       uint64
	coll      string
	kind      offline.Kind
	name      string
	sub       string // company and address; location
	sort, hay string // folded: to sort people by, to search in
	track     offline.Tracking
	about     string // name of what it is about
	problem   string
	clash     bool // a conflict of it waits for the user
	unsent    bool // an edit of it is not on its server yet
	gone      bool
	private   bool

	from, to   time.Time // appointments; of whole days in UTC
	allDay     bool
	recurrence string
	zone       string
	show       string

	due, start string // tasks
	status     string
	high       bool
}

// readFacts reads the facts of all items of a kind.
func readFacts(ctx context.Context, tx *offline.Tx, kind offline.Kind) (facts []itemFact, colls map[string]offline.Collection, err error) {
	all, err := tx.Collections()
	if err != nil {
		return nil, nil, err
	}
	colls = map[string]offline.Collection{}
	for _, c := range all {
		colls[c.URL] = c
	}
	clashes, err := tx.Conflicts()
	if err != nil {
		return nil, nil, err
	}
	asked := map[uint64]bool{}
	for _, c := range clashes {
		asked[c.Item] = asked[c.Item] || c.Winner == ""
	}
	names := map[offline.Ref]string{}
	read := tx.Items(func(it *offline.Item) bool {
		if it.Kind == kind {
			f := newFact(it)
			if f.track.Regarding != (offline.Ref{}) {
				n, ok := names[f.track.Regarding]
				if !ok {
					n = nameOf(tx, f.track.Regarding)
					names[f.track.Regarding] = n
				}
				f.about = n
			}
			f.clash = asked[it.Key]
			f.hay = fold(f.name + "\n" + f.sub + "\n" + f.about)
			facts = append(facts, f)
		}
		return ctx.Err() == nil
	})
	return facts, colls, read
}

func newFact(it *offline.Item) itemFact {
	w := it.Now()
	f := itemFact{
		key: it.Key, coll: it.Collection, kind: it.Kind, name: OneLine(offline.ItemName(it.Kind, w), 300), track: it.Track, problem: OneLine(it.Problem, 300),
		unsent: len(it.Edits) > 0, gone: it.Gone, private: w[offline.WordPrivate] != "",
	}
	f.track.Regarding = itemAbout(it)
	switch it.Kind {
	case offline.KindAppointment:
		f.from, f.to, f.allDay, _ = recur.Times(w[offline.WordTime])
		f.recurrence, f.zone, f.show, f.sub = w[offline.WordRecurrence], w[offline.WordZone], w[offline.WordShow], OneLine(w["location"], 200)
	case offline.KindTask:
		f.due, f.start, f.status, f.high = w["due"], w["start"], w[offline.WordStatus], w["importance"] == "high"
	case offline.KindContact:
		f.sub = joined(" · ", OneLine(w["company"], 120), OneLine(orElse(w["email1"], w["mobile"], w["phone-business"]), 120))
		f.sort = fold(orElse(w["last"], w["first"], w["company"], f.name) + " " + w["first"])
	}
	return f
}

// itemAbout is the record that an item is about, or whose contact it is.
func itemAbout(it *offline.Item) offline.Ref {
	word := offline.WordRegarding
	if it.Kind == offline.KindContact {
		word = offline.WordParent
	}
	r, _ := offline.ParseRef(it.Now()[word])
	return r
}

func orElse(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// joined puts the texts that are there beside one another.
func joined(between string, texts ...string) string {
	var there []string
	for _, t := range texts {
		if t != "" {
			there = append(there, t)
		}
	}
	return strings.Join(there, between)
}

// state is what a list says of an item: its sign, and a word or two.
func (f *itemFact) state() (Sign, Tone, string) {
	switch {
	case f.clash:
		return SignAttention, ToneWarn, "changed on both sides"
	case f.track.State == offline.Failed:
		return SignAttention, ToneWarn, OneLine(Word(f.track, f.about), 200)
	case f.gone:
		return SignWaiting, ToneInfo, "deleted in your " + placeOf(f.kind)
	}
	sign, tone := SignOf(f.track)
	about := f.about
	if f.kind == offline.KindContact {
		about = "" // the company stands there already
	}
	word := Word(f.track, about)
	switch {
	case f.track.State == "":
		word = "not tracked"
	case f.track.State == offline.Untracked && about != "":
		word = "not tracked · " + about
	}
	if f.problem != "" {
		word += " · " + lowerFirst(f.problem)
	}
	if f.unsent {
		word += " · change waits for its server"
	}
	return sign, tone, OneLine(word, 200)
}

// filed is under which state a list finds the item.
func (f *itemFact) filed() offline.State {
	switch {
	case f.clash || f.track.State == offline.Failed:
		return offline.Failed
	case f.track.State == "":
		return offline.Untracked
	}
	return f.track.State
}

// placeOf is where the user keeps things of a kind.
func placeOf(kind offline.Kind) string {
	switch kind {
	case offline.KindContact:
		return "address book"
	case offline.KindTask:
		return "task list"
	}
	return "calendar"
}

// ItemNoun is a kind of item as people say it.
func ItemNoun(kind offline.Kind) string {
	switch kind {
	case offline.KindContact:
		return "contact"
	case offline.KindTask:
		return "task"
	}
	return "appointment"
}
