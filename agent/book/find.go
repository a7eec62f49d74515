package book

import (
	"cmp"
	"slices"
	"strings"

	"postrider/offline"
)

// Find finds at most limit records of these kinds that have, for each word of
// text, a word of name, company, address or number that begins with it: those
// whose name begins with text first, and of these the ones changed last.
// Without any word it is the records of these kinds that changed last.
func (b *Book) Find(text string, kinds []offline.Kind, limit int) []offline.Ref {
	s := b.now.Load()
	words := Words(text)
	if limit <= 0 || len(words) == 0 && strings.TrimSpace(text) != "" {
		return nil
	}
	type hit struct {
		*Entry
		begins bool
	}
	var hits []hit
	add := func(e *Entry, begins bool) {
		if !e.Record.IsZero() && slices.Contains(kinds, e.Record.Kind) {
			hits = append(hits, hit{e, begins})
		}
	}
	var low span
	if len(words) > 0 {
		low = s.span(words[0])
	}
	s.search(words, func(i int, e *Entry) bool {
		if !s.dead[uint32(i)] {
			has := s.has.of(i)
			add(e, len(words) > 0 && len(has) > 0 && low.holds(has[0]))
		}
		return true
	})
	for i := range s.beside {
		if l := &s.beside[i]; l.fitsAll(words) {
			add(&l.Entry, len(words) > 0 && len(l.words) > 0 && strings.HasPrefix(l.words[0], words[0]))
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.begins != b.begins {
			if a.begins {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.changed, a.changed), strings.Compare(a.Name, b.Name), strings.Compare(a.Record.ID, b.Record.ID))
	})
	var out []offline.Ref
	seen := map[offline.Ref]bool{}
	for _, h := range hits {
		if len(out) == limit {
			break
		}
		if !seen[h.Record] {
			seen[h.Record] = true
			out = append(out, h.Record)
		}
	}
	return out
}

// AtDomain are the entries whose addresses are of a domain, in lower case.
func (b *Book) AtDomain(domain string) (out []Entry) {
	s := b.now.Load()
	add := func(e *Entry) {
		if a := offline.Fold(e.Addr); len(a) > len(domain) && strings.HasSuffix(a, domain) && a[len(a)-len(domain)-1] == '@' {
			out = append(out, *e)
		}
	}
	words := Words(domain)
	if len(words) == 0 {
		return nil
	}
	s.search(words, func(i int, e *Entry) bool {
		if !s.dead[uint32(i)] {
			add(e)
		}
		return true
	})
	for i := range s.beside {
		add(&s.beside[i].Entry)
	}
	return out
}
