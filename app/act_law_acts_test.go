package app

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"postrider/agent/health"
	"postrider/agent/itemtext"
	"postrider/offline"
)

func (w *lawWorld) kind() offline.Kind {
	return rapid.SampledFrom(offline.ItemKinds[:]).Draw(w.t, "kind")
}

// words of which each kind's texts are typed, and the tag that never changes.
var lawWords = map[offline.Kind][]string{offline.KindAppointment: {"subject", "body", "location"}, offline.KindTask: {"subject", "body"}, offline.KindContact: {"first", "title", "body"}}

func (w *lawWorld) fields(kind offline.Kind) offline.Fields {
	f := offline.Fields{}
	for _, word := range lawWords[kind] {
		f[word] = w.typed("new " + string(kind) + " " + word)
	}
	w.n++
	switch kind {
	case offline.KindAppointment:
		at := time.Date(2027, 3, 1+w.n%20, 9, 0, 0, 0, time.UTC)
		f["time"], f["show"] = at.Format(time.RFC3339)+"/"+at.Add(time.Hour).Format(time.RFC3339), "busy"
	case offline.KindTask:
		f["due"] = time.Date(2027, 3, 1+w.n%20, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	case offline.KindContact:
		f["last"], f["email1"] = fmt.Sprint("L", w.n), fmt.Sprintf("p%d@x.example", w.n)
	}
	return f
}

func (w *lawWorld) put(c offline.Collection, it offline.Item) {
	_, err := w.own.Put(context.Background(), c, it)
	w.must(err)
}

// acts are what can happen.
func (w *lawWorld) acts() map[string]func(*rapid.T) {
	home := func() *lawHome { return w.homes[rapid.IntRange(0, 1).Draw(w.t, "home")] }
	return map[string]func(*rapid.T){
		"":     func(*rapid.T) {},
		"sync": func(t *rapid.T) { w.sync(home()) },
		"sync that fails": func(t *rapid.T) {
			h := home()
			line := rapid.SampledFrom([]*lawLine{h.crm, h.dav}).Draw(t, "line")
			line.left, line.after, line.kind = rapid.IntRange(1, 12).Draw(t, "request"), rapid.Bool().Draw(t, "after"), rapid.SampledFrom([]string{"lose", "cut"}).Draw(t, "fault")
			w.say("a fault at request %d, after %v, %s", line.left, line.after, line.kind)
			blameless := !h.crm.down && h.crm.left < 0
			w.sync(h)
			if blameless && line.kind == "lose" {
				if slices.ContainsFunc(h.agent.Status().Problems, func(p health.Problem) bool { return strings.HasPrefix(string(p.Code), "crm-") }) {
					w.t.Fatalf("the CRM is blamed for what befell a directory\n%s", strings.Join(w.log, "\n"))
				}
			}
			line.left = -1
		},
		"restart": func(t *rapid.T) {
			h := home()
			w.must(h.store.Close())
			w.open(h)
		},
		"offline": func(t *rapid.T) {
			h := home()
			h.crm.down, h.dav.down = !h.crm.down && rapid.Bool().Draw(t, "crm"), !h.dav.down && rapid.Bool().Draw(t, "dav")
			w.say("%s: crm down %v, dav down %v", filepath.Base(h.dir), h.crm.down, h.dav.down)
		},
		"new item":      func(t *rapid.T) { w.newItem() },
		"edit item":     func(t *rapid.T) { w.editItem() },
		"delete item":   func(t *rapid.T) { w.deleteItem() },
		"move item":     func(t *rapid.T) { w.moveItem() },
		"new record":    func(t *rapid.T) { w.newRecord() },
		"edit record":   func(t *rapid.T) { w.editRecord() },
		"delete record": func(t *rapid.T) { w.deleteRecord() },
		"edit here":     func(t *rapid.T) { w.editHere(home()) },
	}
}

func (w *lawWorld) newItem() {
	kind := w.kind()
	f := w.fields(kind)
	w.n++
	uid := fmt.Sprint("uid-", w.n)
	raw, err := itemtext.Text{}.Edit(kind, nil, uid, f, offline.Mark{}, time.UTC)
	w.must(err)
	colls, err := w.own.Collections(context.Background())
	w.must(err)
	for _, c := range colls {
		if c.Holds(kind) {
			w.say("new item %s %v", uid, f)
			w.put(c, offline.Item{Kind: kind, Href: strings.TrimPrefix(c.URL, "http://localhost") + uid, Raw: raw})
			return
		}
	}
}

func (w *lawWorld) someItem() (lawItem, bool) {
	all := w.items()
	if len(all) == 0 {
		return lawItem{}, false
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(w.t, "item")], true
}

func (w *lawWorld) editItem() {
	it, ok := w.someItem()
	if !ok {
		return
	}
	word := rapid.SampledFrom(lawWords[it.Kind]).Draw(w.t, "word")
	w.replaced(it.info.Fields[word])
	v := w.typed("item " + word)
	raw, err := itemtext.Text{}.Edit(it.Kind, it.Raw, it.info.UID, offline.Fields{word: v}, it.info.Mark, time.UTC)
	w.must(err)
	it.Item.Raw = raw
	w.say("edit item %s: %s = %s, was %s", it.Href, word, v, it.info.Fields[word])
	w.put(it.coll, it.Item)
}

func (w *lawWorld) deleteItem() {
	it, ok := w.someItem()
	if !ok {
		return
	}
	w.replaced(slices.Collect(maps.Values(it.info.Fields))...)
	w.say("delete item %s", it.Href)
	w.must(w.own.Delete(context.Background(), it.coll, it.Item))
}

func (w *lawWorld) moveItem() {
	it, ok := w.someItem()
	if !ok || it.Kind != offline.KindAppointment {
		return
	}
	colls, err := w.own.Collections(context.Background())
	w.must(err)
	for _, c := range colls {
		if c.Holds(it.Kind) && c.URL != it.coll.URL {
			w.say("move item %s to %s", it.Href, c.URL)
			w.n++
			moved := offline.Item{Kind: it.Kind, Href: strings.TrimPrefix(c.URL, "http://localhost") + fmt.Sprint("moved-", w.n), Raw: it.Raw}
			w.must(w.own.Delete(context.Background(), it.coll, it.Item))
			w.put(c, moved)
			return
		}
	}
}

var lawTables = map[offline.Kind]string{offline.KindAppointment: "appointment", offline.KindTask: "task", offline.KindContact: "contact"}

var lawColumns = map[string]string{"subject": "subject", "body": "description", "location": "location", "first": "firstname", "title": "jobtitle"}

func (w *lawWorld) newRecord() {
	kind := w.kind()
	f := w.fields(kind)
	row := map[string]any{"ownerid@odata.bind": "/systemusers(" + w.user + ")"}
	for word, col := range lawColumns {
		if f[word] != "" {
			row[col] = f[word]
		}
	}
	switch kind {
	case offline.KindAppointment:
		from, to, _ := strings.Cut(f["time"], "/")
		row["scheduledstart"], row["scheduledend"] = from, to
	case offline.KindContact:
		row["lastname"], row["emailaddress1"] = f["last"], f["email1"]
	}
	id, err := w.org.Create(lawTables[kind], row)
	w.must(err)
	w.say("new record %s %s %v", kind, id, f)
}

func (w *lawWorld) someRecord() (kind offline.Kind, row map[string]any, ok bool) {
	kind = w.kind()
	all := w.org.Rows(lawTables[kind], nil)
	if len(all) == 0 {
		return kind, nil, false
	}
	slices.SortFunc(all, func(a, b map[string]any) int {
		said := func(r map[string]any) string { return fmt.Sprint(r["emailaddress1"], r["subject"], r["description"]) }
		return strings.Compare(said(a), said(b))
	})
	return kind, all[rapid.IntRange(0, len(all)-1).Draw(w.t, "record")], true
}

func idOf(kind offline.Kind, row map[string]any) string {
	if kind == offline.KindContact {
		return fmt.Sprint(row["contactid"])
	}
	return fmt.Sprint(row["activityid"])
}

func (w *lawWorld) editRecord() {
	kind, row, ok := w.someRecord()
	if !ok {
		return
	}
	word := rapid.SampledFrom(lawWords[kind]).Draw(w.t, "word")
	w.replaced(fmt.Sprint(row[lawColumns[word]]))
	v := w.typed("record " + word)
	w.say("edit record %s: %s = %s, was %v", idOf(kind, row), word, v, row[lawColumns[word]])
	w.must(w.org.Update(lawTables[kind], idOf(kind, row), map[string]any{lawColumns[word]: v}))
}

func (w *lawWorld) deleteRecord() {
	kind, row, ok := w.someRecord()
	if !ok {
		return
	}
	for _, v := range row {
		w.replaced(fmt.Sprint(v))
	}
	w.say("delete record %s", idOf(kind, row))
	w.must(w.org.Delete(lawTables[kind], idOf(kind, row)))
}

// editHere edits an item in a Postrider.
func (w *lawWorld) editHere(h *lawHome) {
	var all []offline.Item
	w.must(h.store.View(func(tx *offline.Tx) error {
		return tx.Items(func(it *offline.Item) bool {
			if !it.Gone {
				all = append(all, *it)
			}
			return true
		})
	}))
	if len(all) == 0 {
		return
	}
	slices.SortFunc(all, func(a, b offline.Item) int { return strings.Compare(fmt.Sprint(a.Now()), fmt.Sprint(b.Now())) })
	it := all[rapid.IntRange(0, len(all)-1).Draw(w.t, "item here")]
	word := rapid.SampledFrom(lawWords[it.Kind]).Draw(w.t, "word")
	now := it.Now()
	w.replaced(now[word])
	v := w.typed("here " + word)
	w.say("edit in %s: item %d %s = %s, was %s", filepath.Base(h.dir), it.Key, word, v, now[word])
	w.must(h.agent.EditItem(it.Key, offline.Fields{word: v}))
}
