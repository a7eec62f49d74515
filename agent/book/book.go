package book

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"postrider/offline"
)

// maxBeside is how many changed entries lie beside the sorted ones.
const maxBeside = 512

// Book is an address book. The zero Book is not usable; see New. Its methods
// are safe for use by several goroutines.
type Book struct {
	now atomic.Pointer[snapshot]

	mu       sync.Mutex // for writers, and what follows
	scope    Scope
	uses     map[string]*use        // by folded address
	accounts map[offline.Ref]string // their names, for the companies of contacts
}

// snapshot is the book at one time. It is never changed.
type snapshot struct {
	*index
	dead   map[uint32]bool // of the index's entries
	beside []loose         // in the order in which they are offered
}

// loose is an entry that lies beside the sorted ones, with its words.
type loose struct {
	Entry
	words []string
}

func loosen(e Entry) loose { return loose{e, wordsOf(&e)} }

// New returns an empty book.
func New() *Book {
	b := &Book{uses: map[string]*use{}, accounts: map[offline.Ref]string{}}
	b.now.Store(&snapshot{index: newIndex(nil)})
	return b
}

// Reset fills the book anew with what s takes of records, and with those whom
// the user has written to.
func (b *Book) Reset(s Scope, records iter.Seq[offline.Record], written []Written) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scope = s
	b.uses, b.accounts = map[string]*use{}, map[offline.Ref]string{}
	for _, w := range written {
		b.note(w)
	}
	var entries []Entry
	var parents []offline.Ref // of the entries so far
	held := map[string]bool{}
	for r := range records {
		b.know(&r)
		for _, e := range b.entriesOf(&r) {
			held[offline.Fold(e.Addr)] = e.listed || held[offline.Fold(e.Addr)]
			entries = append(entries, e)
			parents = append(parents, r.Parent)
		}
	}
	for i := range entries { // accounts may have come after their contacts
		if entries[i].Company == "" {
			entries[i].Company = b.accounts[parents[i]]
		}
	}
	for addr, u := range b.uses {
		if !held[addr] {
			entries = append(entries, u.entry())
		}
	}
	b.now.Store(&snapshot{index: newIndex(entries)})
}

// Update takes over records that are new or changed, and forgets others.
func (b *Book) Update(changed []offline.Record, gone []offline.Ref) {
	b.mu.Lock()
	defer b.mu.Unlock()
	touched := map[offline.Ref]bool{}
	for _, r := range gone {
		touched[r] = true
		delete(b.accounts, r)
	}
	var fresh []Entry
	for i := range changed {
		r := &changed[i]
		b.know(r)
		touched[r.Ref] = true
		fresh = append(fresh, b.entriesOf(r)...)
	}
	b.replace(fresh, map[string]bool{}, func(e *Entry) bool { return touched[e.Record] })
}

// Wrote notes that the user has written to somebody.
func (b *Book) Wrote(written []Written) {
	b.mu.Lock()
	defer b.mu.Unlock()
	touched := map[string]bool{}
	for _, w := range written {
		if addr := b.note(w); addr != "" {
			touched[addr] = true
		}
	}
	if len(touched) == 0 {
		return
	}
	now := b.now.Load()
	var fresh []Entry
	for addr := range touched {
		for _, e := range now.holding(addr) {
			if e.Record.IsZero() {
				continue // made anew by replace
			}
			e.use = float32(b.uses[addr].score)
			fresh = append(fresh, e)
		}
	}
	b.replace(fresh, touched, func(e *Entry) bool { return e.listed && touched[offline.Fold(e.Addr)] })
}

// note adds to the uses of an address and returns it, folded.
func (b *Book) note(w Written) string {
	addr := offline.Fold(w.Addr)
	if addr == "" {
		return ""
	}
	u := b.uses[addr]
	if u == nil {
		u = &use{address: w.Address}
		b.uses[addr] = u
	}
	if w.Name != "" {
		u.address = w.Address
	}
	u.add(w.At)
	return addr
}

func (u *use) entry() Entry {
	return Entry{Name: u.address.Name, Addr: u.address.Addr, listed: true, use: float32(u.score), rank: rankOf("")}
}

func (b *Book) know(r *offline.Record) {
	if r.Kind == offline.KindAccount {
		b.accounts[r.Ref] = r.Name
	}
}

// entriesOf are the entries of a record: one for each of its addresses, or one
// without.
func (b *Book) entriesOf(r *offline.Record) (out []Entry) {
	listed := b.scope.Takes(r)
	if !listed && !(r.Active && slices.Contains(b.scope.About, r.Kind)) {
		return nil
	}
	company := r.Fields["company"]
	if company == "" {
		company = b.accounts[r.Parent]
	}
	for i, a := range r.Addrs {
		if strings.TrimSpace(a) == "" || slices.ContainsFunc(r.Addrs[:i], func(o string) bool { return offline.Fold(o) == offline.Fold(a) }) {
			continue
		}
		e := Entry{Name: r.Name, Addr: a, Company: company, Record: r.Ref, also: r.Fields["number"], listed: listed, changed: r.Changed.Unix(), rank: rankOf(r.Kind)}
		if u := b.uses[offline.Fold(a)]; u != nil {
			e.use = float32(u.score)
		}
		out = append(out, e)
	}
	if len(r.Addrs) == 0 {
		out = append(out, Entry{Name: r.Name, Company: company, Record: r.Ref, also: r.Fields["number"], changed: r.Changed.Unix(), rank: rankOf(r.Kind)})
	}
	return out
}

// replace makes the next snapshot: without the entries that are out, with
// fresh ones, and with those written to whom no record holds. affected are
// addresses, folded, that may have lost or got their record; it adds to them.
func (b *Book) replace(fresh []Entry, affected map[string]bool, out func(*Entry) bool) {
	now := b.now.Load()
	next := &snapshot{index: now.index, dead: make(map[uint32]bool, len(now.dead))}
	for i := range now.dead {
		next.dead[i] = true
	}
	for i := range now.entries {
		if e := &now.entries[i]; out(e) && !next.dead[uint32(i)] {
			next.dead[uint32(i)] = true
			affected[offline.Fold(e.Addr)] = true
		}
	}
	for _, l := range now.beside {
		if out(&l.Entry) {
			affected[offline.Fold(l.Addr)] = true
		} else {
			next.beside = append(next.beside, l)
		}
	}
	for _, e := range fresh {
		affected[offline.Fold(e.Addr)] = true
		next.beside = append(next.beside, loosen(e))
	}
	for addr := range affected {
		next.settle(addr, b.uses[addr])
	}
	slices.SortFunc(next.beside, func(a, b loose) int { return compare(&a.Entry, &b.Entry) })
	if len(next.beside) > maxBeside || len(next.dead) > maxBeside {
		next = &snapshot{index: newIndex(next.live())}
	}
	b.now.Store(next)
}

// settle sees to it that an address that is written to has an entry without a
// record just where no record holds it.
func (s *snapshot) settle(addr string, u *use) {
	held, own := false, false
	for _, e := range s.holding(addr) {
		held = held || !e.Record.IsZero()
		own = own || e.Record.IsZero()
	}
	switch {
	case held && own:
		s.beside = slices.DeleteFunc(s.beside, func(l loose) bool { return l.Record.IsZero() && offline.Fold(l.Addr) == addr })
		for _, i := range s.holders[addr] {
			if s.entries[i].Record.IsZero() {
				s.dead[i] = true
			}
		}
	case !held && !own && u != nil:
		s.beside = append(s.beside, loosen(u.entry()))
	}
}

func (s *snapshot) live() []Entry {
	out := make([]Entry, 0, len(s.entries)+len(s.beside))
	for i := range s.entries {
		if !s.dead[uint32(i)] {
			out = append(out, s.entries[i])
		}
	}
	for _, l := range s.beside {
		out = append(out, l.Entry)
	}
	return out
}

// holding are the entries of the address book that have an address.
func (s *snapshot) holding(addr string) (out []Entry) {
	for _, i := range s.holders[addr] {
		if !s.dead[i] {
			out = append(out, s.entries[i])
		}
	}
	for _, l := range s.beside {
		if l.listed && offline.Fold(l.Addr) == addr {
			out = append(out, l.Entry)
		}
	}
	return out
}

// Holders are the entries of an address, the best first.
func (b *Book) Holders(addr string) []Entry {
	out := b.now.Load().holding(offline.Fold(addr))
	slices.SortFunc(out, func(a, b Entry) int { return compare(&a, &b) })
	return out
}

// Len is the number of entries.
func (b *Book) Len() int {
	s := b.now.Load()
	return len(s.entries) - len(s.dead) + len(s.beside)
}

// Complete finds at most limit entries that have, for each word of text, a word
// of name, company or address that begins with it. Those written to come
// first, then those whose name begins with text. One address is offered once.
// Without any word it offers whom the user writes to most.
func (b *Book) Complete(text string, limit int) []Entry {
	s := b.now.Load()
	words := Words(text)
	if limit <= 0 || len(words) == 0 && strings.TrimSpace(text) != "" {
		return nil
	}
	// Beside the sorted entries there are few: they are looked through.
	var near []ranked
	for i := range s.beside {
		if r, ok := s.beside[i].fits(words); ok && s.beside[i].listed {
			near = append(near, r)
		}
	}
	slices.SortStableFunc(near, func(a, b ranked) int { return a.compare(&b) })
	var out []Entry
	seen := map[string]bool{}
	add := func(e *Entry) bool {
		if addr := offline.Fold(e.Addr); !seen[addr] {
			seen[addr] = true
			out = append(out, *e)
		}
		return len(out) < limit
	}
	s.search(words, func(i int, e *Entry) bool {
		if s.dead[uint32(i)] || !e.listed || len(words) == 0 && e.use == 0 {
			return true
		}
		for len(near) > 0 {
			mine := ranked{e, e.use > 0 || len(words) > 0 && strings.HasPrefix(first(e), words[0])}
			if near[0].compare(&mine) > 0 {
				break
			}
			if !add(near[0].Entry) {
				return false
			}
			near = near[1:]
		}
		return add(e)
	})
	for i := 0; i < len(near) && len(out) < limit; i++ {
		add(near[i].Entry)
	}
	return out
}

// first is the first word by which an entry is found.
func first(e *Entry) string {
	if w := wordsOf(e); len(w) > 0 {
		return w[0]
	}
	return ""
}

// ranked is an entry that fits; begins says that its name begins with the text,
// which counts only for those never written to.
type ranked struct {
	*Entry
	begins bool
}

func (r *ranked) compare(o *ranked) int {
	if r.use == 0 && o.use == 0 && r.begins != o.begins {
		if r.begins {
			return -1
		}
		return 1
	}
	return compare(r.Entry, o.Entry)
}

// fitsAll reports whether each of words begins a word of the entry.
func (l *loose) fitsAll(words []string) bool {
	for _, w := range words {
		if !slices.ContainsFunc(l.words, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}

func (l *loose) fits(words []string) (ranked, bool) {
	if !l.fitsAll(words) {
		return ranked{}, false
	}
	if len(words) == 0 {
		return ranked{&l.Entry, true}, l.use > 0
	}
	return ranked{&l.Entry, l.use > 0 || strings.HasPrefix(l.words[0], words[0])}, true
}
