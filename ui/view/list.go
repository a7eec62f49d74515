package view

import (
	"context"
	"slices"
	"time"

	"postrider/offline"
)

// List is the message list: the keys of what it shows, the rows that are near the
// visible part, a cursor and the marked messages.
type List struct {
	env  *env
	show func(keys []uint64) // told of each new choice of messages

	where  Where
	chosen bool // the user chose where; until then the inbox
	query  string
	base   []uint64 // keys of where, newest first
	keys   []uint64 // of those, what the query leaves
	opened bool
	ready  bool // base was read at least once for where
	err    error

	rows       map[uint64]cachedRow
	first, end int // the visible rows, and where the next ones are read from
	cursor     int // -1: none
	cursorKey  uint64
	anchor     int
	marked     map[uint64]bool

	load    slot // keys
	page    slot // rows
	search  slot
	finding bool
	hay     map[uint64]string // only touched by the search slot's job
}

type cachedRow struct {
	Row
	fresh bool
}

const (
	pageMargin = 40   // rows read beyond the visible ones
	rowCache   = 1500 // rows kept
)

func newList(e *env, show func([]uint64)) *List {
	return &List{
		env: e, show: show, rows: map[uint64]cachedRow{}, cursor: -1, end: 30,
		marked: map[uint64]bool{}, hay: map[uint64]string{},
		load: e.slot(), page: e.slot(), search: e.slot(),
	}
}

// open loads the inbox: its keys and first rows in one go, so that the first
// thing seen is mail.
func (l *List) open() {
	l.opened = true
	l.reload(true)
}

// inbox tells which folder is shown until the user chooses one.
func (l *List) inbox(f offline.FolderID) {
	if !l.chosen && f != 0 && l.where.Folder != f {
		l.where = Where{Folder: f}
		l.reload(true)
	}
}

// Where is what the list shows.
func (l *List) Where() Where { return l.where }

// Go shows another place.
func (l *List) Go(w Where) {
	l.chosen = true
	if w == l.where {
		return
	}
	l.where = w
	l.base, l.keys, l.ready = nil, nil, false
	l.cursor, l.cursorKey, l.anchor = -1, 0, 0
	clear(l.marked)
	clear(l.rows)
	l.reload(true)
	l.tell()
}

// reload reads the keys of the place anew.
func (l *List) reload(fromTop bool) {
	if !l.opened {
		return
	}
	where, now, choose := l.where, l.env.now(), !l.chosen
	l.load.do(func(context.Context) func() {
		var keys []uint64
		var rows []Row
		err := l.env.store.View(func(tx *offline.Tx) error {
			var err error
			if choose && where == (Where{}) {
				if _, where.Folder, err = readPlaces(tx); err != nil {
					return err
				}
			}
			if keys, err = placeKeys(tx, where); err != nil {
				return err
			}
			if fromTop {
				rows = readRows(tx, keys[:min(len(keys), 30)], now)
			}
			return nil
		})
		return func() { l.loaded(where, keys, rows, err) }
	})
}

func placeKeys(tx *offline.Tx, w Where) ([]uint64, error) {
	if w.State == "" {
		return tx.FolderKeys(w.Folder)
	}
	keys, err := tx.KeysByState(w.State, 0)
	if w.State == offline.Waiting && err == nil {
		var undecided []uint64
		undecided, err = tx.KeysByState("", 0)
		keys = append(undecided, keys...)
	}
	slices.Reverse(keys)
	return keys, err
}

func readRows(tx *offline.Tx, keys []uint64, now time.Time) []Row {
	rows := make([]Row, 0, len(keys))
	for _, k := range keys {
		m, err := tx.Message(k)
		if err != nil {
			continue // gone between two transactions: the next reload drops it
		}
		rows = append(rows, NewRow(m, nameOf(tx, m.Track.Regarding), now))
	}
	return rows
}

func (l *List) loaded(w Where, keys []uint64, rows []Row, err error) {
	if l.chosen && w != l.where {
		return
	}
	l.where, l.err, l.ready = w, err, true
	if err != nil {
		l.env.log.Warn("the messages could not be listed", "err", err)
	}
	l.base = keys
	l.keep(rows)
	if l.query == "" {
		l.setKeys(keys)
	} else {
		l.find()
	}
	l.tell()
}

// setKeys changes what is shown and keeps the cursor on its message.
func (l *List) setKeys(keys []uint64) {
	l.keys = keys
	if len(keys) == 0 {
		l.cursor, l.anchor = -1, 0
		clear(l.marked)
		l.follow()
		return
	}
	if l.cursorKey != 0 {
		switch i := slices.Index(keys, l.cursorKey); {
		case i >= 0:
			l.cursor = i
		case l.cursor >= len(keys):
			l.cursor = len(keys) - 1
			l.follow()
		case l.cursor >= 0:
			l.follow()
		}
	} else if len(keys) > 0 && l.cursor < 0 {
		l.cursor = 0
		l.anchor = 0
		l.follow()
	}
	if len(l.marked) > 0 {
		here := make(map[uint64]bool, len(l.marked))
		for _, k := range keys {
			if l.marked[k] {
				here[k] = true
			}
		}
		if len(here) != len(l.marked) {
			l.marked = here
			l.follow()
		}
	}
	l.fetch()
}

// stale says that these messages changed (nil: any of them may have).
func (l *List) stale(keys []uint64) {
	if keys == nil {
		l.repaint()
	} else {
		for _, k := range keys {
			if r, ok := l.rows[k]; ok {
				r.fresh = false
				l.rows[k] = r
			}
		}
	}
	l.reload(false)
}

// repaint reads the visible rows anew.
func (l *List) repaint() {
	for k, r := range l.rows {
		r.fresh = false
		l.rows[k] = r
	}
	l.fetch()
}

// Loaded reports whether it is known what is to be shown, if not yet each row.
func (l *List) Loaded() bool { return l.ready }

// Len is how many messages are shown.
func (l *List) Len() int { return len(l.keys) }

// Row returns row i; ok is false while it is being read.
func (l *List) Row(i int) (Row, bool) {
	if i < 0 || i >= len(l.keys) {
		return Row{}, false
	}
	r, ok := l.rows[l.keys[i]]
	return r.Row, ok
}

// Show says which rows are visible, so that they and their neighbours are read.
func (l *List) Show(first, end int) {
	if first == l.first && end == l.end {
		return
	}
	l.first, l.end = first, end
	l.fetch()
}

// fetch reads the rows that are visible, or nearly, and not there or not fresh.
func (l *List) fetch() {
	lo, hi := max(0, l.first-pageMargin), min(len(l.keys), l.end+pageMargin)
	var seen, near []uint64
	for i := lo; i < hi; i++ {
		k := l.keys[i]
		if l.rows[k].fresh {
			continue
		}
		if i >= l.first && i < l.end {
			seen = append(seen, k)
		} else {
			near = append(near, k)
		}
	}
	missing := append(seen, near...)
	if len(missing) == 0 {
		return
	}
	now := l.env.now()
	l.page.do(func(context.Context) func() {
		var rows []Row
		err := l.env.store.View(func(tx *offline.Tx) error {
			rows = readRows(tx, missing, now)
			return nil
		})
		if err != nil {
			l.env.log.Warn("messages could not be read", "err", err)
			return nil
		}
		return func() {
			l.keep(rows)
			l.tell()
		}
	})
}

func (l *List) keep(rows []Row) {
	if len(l.rows)+len(rows) > rowCache {
		near := map[uint64]bool{}
		for i := max(0, l.first-200); i < min(len(l.keys), l.end+200); i++ {
			near[l.keys[i]] = true
		}
		for k := range l.rows {
			if !near[k] {
				delete(l.rows, k)
			}
		}
	}
	for _, r := range rows {
		l.rows[r.Key] = cachedRow{r, true}
	}
}

func (l *List) tell() { l.env.tell(PartList) }

// Empty is why the list shows nothing, and what to do next.
type Empty struct {
	Title, Text, Action string
}

// Empty words an empty list. Action names what its button does: "clear" the
// search, show the "inbox", "sync" now, or nothing.
func (l *List) Empty() (e Empty, empty bool) {
	switch {
	case len(l.keys) > 0:
		return e, false
	case !l.ready || l.finding:
		return Empty{Title: "One moment"}, true
	case l.err != nil:
		return Empty{"The messages can't be read", l.err.Error(), "sync"}, true
	case l.query != "":
		return Empty{"Nothing found", "No subject, sender or recipient here has “" + l.query + "” in it.", "clear"}, true
	case l.where.State == offline.Waiting:
		return Empty{"Nothing waits", "Everything that is to be tracked has reached the CRM.", "inbox"}, true
	case l.where.State == offline.Failed:
		return Empty{"Nothing needs you", "No message was refused by the CRM.", "inbox"}, true
	case l.where.State == offline.Tracked:
		return Empty{"Nothing tracked yet", "Choose a message and press t to track it.", "inbox"}, true
	}
	return Empty{"No messages yet", "They appear here as soon as Postrider has read them from the mailbox.", "sync"}, true
}
