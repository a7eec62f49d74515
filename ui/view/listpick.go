package view

// Cursor is the row of the cursor, -1 if there is none.
func (l *List) Cursor() int { return l.cursor }

// Marked reports whether row i is one of several marked ones.
func (l *List) Marked(i int) bool {
	return i >= 0 && i < len(l.keys) && l.marked[l.keys[i]]
}

// MarkedCount is how many messages are marked.
func (l *List) MarkedCount() int { return len(l.marked) }

// Targets are the messages that an action acts on: the marked ones, or else the
// one at the cursor.
func (l *List) Targets() []uint64 {
	if len(l.marked) > 0 {
		keys := make([]uint64, 0, len(l.marked))
		for _, k := range l.keys {
			if l.marked[k] {
				keys = append(keys, k)
			}
		}
		return keys
	}
	if l.cursor >= 0 && l.cursor < len(l.keys) {
		return []uint64{l.keys[l.cursor]}
	}
	return nil
}

// Click puts the cursor on row i. With toggle (Ctrl) its mark changes and the
// others stay; with extend (Shift) everything from the last such row is marked.
func (l *List) Click(i int, toggle, extend bool) {
	if i < 0 || i >= len(l.keys) {
		return
	}
	was := l.cursor
	l.cursor = i
	switch {
	case extend:
		l.extend(i)
	case toggle:
		if len(l.marked) == 0 && was >= 0 && was < len(l.keys) && was != i {
			l.marked[l.keys[was]] = true
		}
		l.flip(i)
		l.anchor = i
	default:
		clear(l.marked)
		l.anchor = i
	}
	l.follow()
	l.tell()
}

// Move moves the cursor by n rows; with extend the rows passed are marked.
func (l *List) Move(n int, extend bool) {
	if len(l.keys) == 0 {
		return
	}
	i := min(max(l.cursor+n, 0), len(l.keys)-1)
	if i == l.cursor && !extend {
		return
	}
	l.cursor = i
	if extend {
		l.extend(i)
	} else {
		l.anchor = i
	}
	l.follow()
	l.tell()
}

func (l *List) extend(i int) {
	a := min(max(l.anchor, 0), len(l.keys)-1)
	clear(l.marked)
	for j := min(a, i); j <= max(a, i); j++ {
		l.marked[l.keys[j]] = true
	}
}

func (l *List) flip(i int) {
	if k := l.keys[i]; l.marked[k] {
		delete(l.marked, k)
	} else {
		l.marked[k] = true
	}
}

// ToggleMark marks the message at the cursor, or takes its mark away.
func (l *List) ToggleMark() {
	if l.cursor < 0 || l.cursor >= len(l.keys) {
		return
	}
	l.flip(l.cursor)
	l.anchor = l.cursor
	l.follow()
	l.tell()
}

// MarkAll marks everything that is shown.
func (l *List) MarkAll() {
	for _, k := range l.keys {
		l.marked[k] = true
	}
	l.follow()
	l.tell()
}

// Unmark takes all marks away; it reports whether there were any.
func (l *List) Unmark() bool {
	if len(l.marked) == 0 {
		return false
	}
	clear(l.marked)
	l.follow()
	l.tell()
	return true
}

// follow tells what is chosen now.
func (l *List) follow() {
	l.cursorKey = 0
	if l.cursor >= 0 && l.cursor < len(l.keys) {
		l.cursorKey = l.keys[l.cursor]
	}
	l.show(l.Targets())
}
