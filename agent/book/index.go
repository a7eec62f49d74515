package book

import (
	"math/bits"
	"slices"
	"sort"
	"strings"

	"postrider/offline"
)

// index is the sorted part of the book. It is never changed.
type index struct {
	entries []Entry // in the order in which they are offered
	used    int     // so many of them were written to
	words   []string
	posts   runs // by word: entries, ascending
	has     runs // by entry: words, the first one of its name first
	holders map[string][]uint32
}

// runs are many short lists in one.
type runs struct {
	from []uint32 // where each begins; one more at the end
	all  []uint32
}

func (r runs) of(i int) []uint32 { return r.all[r.from[i]:r.from[i+1]] }

// wordsOf are the words by which an entry is found, those of the name first.
func wordsOf(e *Entry) []string {
	out := Words(e.Name)
	for _, w := range slices.Concat(Words(e.Addr), Words(e.Company), Words(e.also)) {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// newIndex sorts entries, which it takes over.
func newIndex(entries []Entry) *index {
	slices.SortFunc(entries, func(a, b Entry) int { return compare(&a, &b) })
	x := &index{entries: entries, holders: make(map[string][]uint32, len(entries))}
	ids := map[string]uint32{}
	x.has.from = make([]uint32, 1, len(entries)+1)
	for i := range entries {
		e := &entries[i]
		if e.use > 0 {
			x.used = i + 1
		}
		for _, w := range wordsOf(e) {
			id, ok := ids[w]
			if !ok {
				id = uint32(len(x.words))
				w = strings.Clone(w) // not the whole text that it was cut from
				ids[w] = id
				x.words = append(x.words, w)
			}
			x.has.all = append(x.has.all, id)
		}
		x.has.from = append(x.has.from, uint32(len(x.has.all)))
		if addr := offline.Fold(e.Addr); e.listed {
			x.holders[addr] = append(x.holders[addr], uint32(i))
		}
	}
	x.sortWords()
	return x
}

// sortWords numbers the words by the alphabet and lists the entries of each.
func (x *index) sortWords() {
	order := make([]uint32, len(x.words))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(x.words[a], x.words[b]) })
	place := make([]uint32, len(order))
	words := make([]string, len(order))
	for i, old := range order {
		place[old], words[i] = uint32(i), x.words[old]
	}
	x.words = words
	x.posts.from = make([]uint32, len(words)+1)
	for i, old := range x.has.all {
		x.has.all[i] = place[old]
		x.posts.from[place[old]+1]++
	}
	for i := range words {
		x.posts.from[i+1] += x.posts.from[i]
	}
	x.posts.all = make([]uint32, len(x.has.all))
	next := slices.Clone(x.posts.from)
	for e := range x.entries {
		for _, w := range x.has.of(e) {
			x.posts.all[next[w]] = uint32(e)
			next[w]++
		}
	}
}

// span is a run of words that begin alike.
type span struct{ low, high uint32 }

func (x *index) span(prefix string) span {
	low := sort.SearchStrings(x.words, prefix)
	n := sort.Search(len(x.words)-low, func(i int) bool { return !strings.HasPrefix(x.words[low+i], prefix) })
	return span{uint32(low), uint32(low + n)}
}

func (s span) holds(w uint32) bool { return w >= s.low && w < s.high }

// search calls found with the entries that have a word beginning with each of
// prefixes, the best first, until it returns false.
func (x *index) search(prefixes []string, found func(i int, e *Entry) bool) {
	if len(prefixes) == 0 {
		for i := range x.entries {
			if !found(i, &x.entries[i]) {
				return
			}
		}
		return
	}
	spans := make([]span, len(prefixes))
	few := 0
	size := func(s span) uint32 { return x.posts.from[s.high] - x.posts.from[s.low] }
	for i, p := range prefixes {
		if spans[i] = x.span(p); size(spans[i]) == 0 {
			return
		}
		if size(spans[i]) < size(spans[few]) {
			few = i
		}
	}
	marks := make([]uint64, (len(x.entries)+63)/64)
	for _, e := range x.posts.all[x.posts.from[spans[few].low]:x.posts.from[spans[few].high]] {
		marks[e/64] |= 1 << (e % 64)
	}
	// Those written to come first, then those whose name begins so, then the rest.
	for pass := range 3 {
		low, high := x.used, len(x.entries)
		if pass == 0 {
			low, high = 0, x.used
		}
		for i := next(marks, low); i < high; i = next(marks, i+1) {
			has := x.has.of(i)
			if pass > 0 && spans[0].holds(has[0]) != (pass == 1) || !fits(has, spans, few) {
				continue
			}
			if !found(i, &x.entries[i]) {
				return
			}
		}
	}
}

// next is the first mark from i on, or the end.
func next(marks []uint64, i int) int {
	for w := i / 64; w < len(marks); w++ {
		m := marks[w]
		if w == i/64 {
			m &= ^uint64(0) << (i % 64)
		}
		if m != 0 {
			return w*64 + bits.TrailingZeros64(m)
		}
	}
	return len(marks) * 64
}

// fits reports whether an entry has a word in each span, but for the one that
// is known to fit.
func fits(has []uint32, spans []span, known int) bool {
	for i, s := range spans {
		if i != known && !slices.ContainsFunc(has, s.holds) {
			return false
		}
	}
	return true
}
