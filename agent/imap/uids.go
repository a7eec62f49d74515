package imap

import (
	"slices"
	"strconv"
	"strings"

	goimap "github.com/emersion/go-imap/v2"
)

// uidRange is a range of UIDs, both ends included. Servers name ranges in which
// hardly any UID exists, so ranges are never spelled out before they were
// compared with UIDs that do.
type uidRange struct{ lo, hi uint32 }

// parseRanges reads "1:3,5"; ok is false for anything else, "*" included.
func parseRanges(s string) (set []uidRange, ok bool) {
	for _, part := range strings.Split(s, ",") {
		a, b, isRange := strings.Cut(part, ":")
		lo, err := strconv.ParseUint(strings.TrimSpace(a), 10, 32)
		if err != nil || lo == 0 {
			return nil, false
		}
		hi := lo
		if isRange {
			if hi, err = strconv.ParseUint(strings.TrimSpace(b), 10, 32); err != nil || hi == 0 {
				return nil, false
			}
		}
		set = append(set, uidRange{uint32(min(lo, hi)), uint32(max(lo, hi))})
	}
	return set, true
}

// normal sorts ranges and joins those that touch.
func normal(set []uidRange) []uidRange {
	slices.SortFunc(set, func(a, b uidRange) int { return int(int64(a.lo) - int64(b.lo)) })
	var out []uidRange
	for _, r := range set {
		if n := len(out); n > 0 && uint64(r.lo) <= uint64(out[n-1].hi)+1 {
			out[n-1].hi = max(out[n-1].hi, r.hi)
			continue
		}
		out = append(out, r)
	}
	return out
}

// size is how many UIDs normal ranges span below end.
func size(set []uidRange, end uint32) (n uint64) {
	for _, r := range set {
		if r.lo < end {
			n += uint64(min(r.hi, end-1)) - uint64(r.lo) + 1
		}
	}
	return n
}

// spell lists the UIDs of normal ranges below end. The caller has looked at size.
func spell(set []uidRange, end uint32) []uint32 {
	var out []uint32
	for _, r := range set {
		for u := uint64(r.lo); u <= uint64(r.hi) && u < uint64(end); u++ {
			out = append(out, uint32(u))
		}
	}
	return out
}

// within lists those of sorted uids that lie in normal ranges.
func within(uids []uint32, set []uidRange) []uint32 {
	var out []uint32
	i := 0
	for _, u := range uids {
		for i < len(set) && set[i].hi < u {
			i++
		}
		if i == len(set) {
			break
		}
		if u >= set[i].lo {
			out = append(out, u)
		}
	}
	return out
}

// minus lists those of sorted a that are not in sorted b.
func minus(a, b []uint32) []uint32 {
	var out []uint32
	j := 0
	for _, u := range a {
		for j < len(b) && b[j] < u {
			j++
		}
		if j == len(b) || b[j] != u {
			out = append(out, u)
		}
	}
	return out
}

// below lists those of sorted uids that are less than end; 0 means all.
func below(uids []uint32, end uint32) []uint32 {
	if end == 0 {
		return uids
	}
	i, _ := slices.BinarySearch(uids, end)
	return uids[:i]
}

// uidSet makes a go-imap set of sorted uids.
func uidSet(uids []uint32) goimap.UIDSet {
	var set goimap.UIDSet
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] == uids[j]+1 {
			j++
		}
		set = append(set, goimap.UIDRange{Start: goimap.UID(uids[i]), Stop: goimap.UID(uids[j])})
		i = j + 1
	}
	return set
}

// seqSet makes a go-imap set of sorted sequence numbers.
func seqSet(seqs []uint32) goimap.SeqSet {
	var set goimap.SeqSet
	for i := 0; i < len(seqs); {
		j := i
		for j+1 < len(seqs) && seqs[j+1] == seqs[j]+1 {
			j++
		}
		set = append(set, goimap.SeqRange{Start: seqs[i], Stop: seqs[j]})
		i = j + 1
	}
	return set
}
