package view

import "slices"

// find puts the cursor on the row that it was on, or near it.
func (l *Items) find() {
	for id := range l.marked {
		if !slices.ContainsFunc(l.Rows, func(r ItemRow) bool { return r.id() == id }) {
			delete(l.marked, id)
		}
	}
	if i := slices.IndexFunc(l.Rows, func(r ItemRow) bool { return r.Key == l.want }); i >= 0 && l.want != 0 {
		l.Cursor, l.want, l.Reveal = i, 0, true
		l.mind()
		return
	}
	if i := slices.IndexFunc(l.Rows, func(r ItemRow) bool { return r.id() == l.at }); i >= 0 {
		l.Cursor = i
		return
	}
	if l.at == (rowID{}) || l.Cursor < 0 {
		l.Cursor = l.likely()
	}
	l.Cursor = min(l.Cursor, len(l.Rows)-1)
	l.mind()
}

// seek shows an item as soon as it is read, whatever is filtered now.
func (l *Items) seek(key uint64) {
	l.want = key
	clear(l.marked)
	l.Filter = ItemFilter{}
	l.lay()
}

// likely is the row to begin at: of a calendar what is next, otherwise the first.
func (l *Items) likely() int {
	if len(l.Rows) == 0 {
		return -1
	}
	now := l.env.now()
	for i := range l.Rows {
		if r := &l.Rows[i]; !r.From.IsZero() && !r.AllDay && r.To.After(now) {
			return i
		}
	}
	return 0
}

// mind remembers which row the cursor is on.
func (l *Items) mind() {
	l.at = rowID{}
	if l.Cursor >= 0 && l.Cursor < len(l.Rows) {
		l.at = l.Rows[l.Cursor].id()
	}
}

// Click puts the cursor on row i; toggle marks it or takes the mark away, extend
// marks all from the last one on.
func (l *Items) Click(i int, toggle, extend bool) {
	if i < 0 || i >= len(l.Rows) {
		return
	}
	was := l.Cursor
	l.Cursor = i
	switch {
	case extend:
		l.extend()
	case toggle:
		if len(l.marked) == 0 && was >= 0 && was < len(l.Rows) && was != i {
			l.mark(was)
		}
		l.flip(i)
	default:
		clear(l.marked)
		l.anchor = i
	}
	l.moved()
}

// Move moves the cursor by n rows; with extend the rows passed are marked.
func (l *Items) Move(n int, extend bool) {
	if len(l.Rows) == 0 {
		return
	}
	l.Cursor = min(max(l.Cursor+n, 0), len(l.Rows)-1)
	if extend {
		l.extend()
	} else {
		l.anchor = l.Cursor
	}
	l.moved()
}

// ToggleMark marks the row with the cursor, or takes its mark away.
func (l *Items) ToggleMark() {
	if l.Cursor >= 0 && l.Cursor < len(l.Rows) {
		l.flip(l.Cursor)
		l.moved()
	}
}

// Unmark takes all marks away; it reports whether there were any.
func (l *Items) Unmark() bool {
	if len(l.marked) == 0 {
		return false
	}
	clear(l.marked)
	l.moved()
	return true
}

// Marked reports whether a row is marked.
func (l *Items) Marked(i int) bool { return l.marked[l.Rows[i].id()] }

// MarkedCount is how many are marked.
func (l *Items) MarkedCount() int { return len(l.marked) }

func (l *Items) moved() {
	l.mind()
	l.look()
	l.env.tell(l.part)
}

func (l *Items) flip(i int) {
	l.anchor = i
	if id := l.Rows[i].id(); l.marked[id] {
		delete(l.marked, id)
		return
	}
	l.mark(i)
}

// mark marks a row, unless enough are (R-TRACK-04).
func (l *Items) mark(i int) {
	if len(l.marked) >= ItemsAtOnce {
		l.env.say("At most " + Count(ItemsAtOnce) + " at once: track these first.")
		return
	}
	l.marked[l.Rows[i].id()] = true
}

func (l *Items) extend() {
	a := min(max(l.anchor, 0), len(l.Rows)-1)
	clear(l.marked)
	by := 1
	if l.Cursor < a {
		by = -1
	}
	for i := a; ; i += by {
		l.mark(i)
		if i == l.Cursor {
			return
		}
		if len(l.marked) == ItemsAtOnce {
			l.Cursor = i
			l.env.say("At most " + Count(ItemsAtOnce) + " at once: track these first.")
			return
		}
	}
}

// Targets are the items that something is done to: those marked, or else the one
// with the cursor.
func (l *Items) Targets() (keys []uint64) {
	for i := range l.Rows {
		if r := &l.Rows[i]; (l.marked[r.id()] || len(l.marked) == 0 && i == l.Cursor) && !slices.Contains(keys, r.Key) {
			keys = append(keys, r.Key)
		}
	}
	return keys
}
