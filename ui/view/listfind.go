package view

import (
	"context"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"postrider/offline"
)

// Query is what the list is filtered by.
func (l *List) Query() string { return l.query }

// Finding reports whether the search is still under way.
func (l *List) Finding() bool { return l.finding }

// Find filters what is shown: messages with every word of query in their subject,
// sender or recipients, whatever the case and the accents. "" shows all again.
func (l *List) Find(query string) {
	query = strings.TrimSpace(query)
	if query == l.query {
		return
	}
	l.query = query
	l.cursor, l.cursorKey, l.anchor = -1, 0, 0
	clear(l.marked)
	if query == "" {
		l.search.drop()
		l.finding = false
		l.setKeys(l.base)
		l.tell()
		return
	}
	l.find()
	l.tell()
}

// find looks through the place's messages. What it finds is shown as it comes.
func (l *List) find() {
	words := strings.Fields(fold(l.query))
	base, query := l.base, l.query
	l.finding = true
	l.search.do(func(ctx context.Context) func() {
		var found []uint64
		shown := time.Now()
		for start := 0; start < len(base) && ctx.Err() == nil; start += 500 {
			part := base[start:min(start+500, len(base))]
			err := l.env.store.View(func(tx *offline.Tx) error {
				for _, k := range part {
					if l.matches(tx, k, words) {
						found = append(found, k)
					}
				}
				return nil
			})
			if err != nil {
				l.env.log.Warn("the search could not read the store", "err", err)
				break
			}
			if time.Since(shown) > pulse && len(found) > 0 {
				shown = time.Now()
				some := found[:len(found):len(found)]
				l.env.post(func() {
					if l.query == query && l.finding {
						l.setKeys(some)
						l.tell()
					}
				})
			}
		}
		return func() {
			l.finding = false
			l.setKeys(found)
			l.tell()
		}
	})
}

// matches runs on the search slot's goroutine. What is searched in is kept
// between searches, so that the second key typed is answered from memory.
func (l *List) matches(tx *offline.Tx, key uint64, words []string) bool {
	hay, ok := l.hay[key]
	if !ok {
		m, err := tx.Message(key)
		if err != nil {
			return false
		}
		var b strings.Builder
		b.WriteString(m.Subject)
		for _, as := range [][]offline.Address{m.From, m.To, m.Cc} {
			for i, a := range as {
				if i == 20 {
					break
				}
				b.WriteString("\n" + a.Name + " " + a.Addr)
			}
		}
		hay = fold(b.String())
		if len(l.hay) > 60_000 {
			clear(l.hay)
		}
		l.hay[key] = hay
	}
	for _, w := range words {
		if !strings.Contains(hay, w) {
			return false
		}
	}
	return true
}

// fold makes texts comparable: lower case, without accents.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= 0x80 {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}
