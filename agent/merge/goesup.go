package merge

import (
	"slices"
	"strings"

	"postrider/offline"
)

// Wish is why an item goes up to the CRM.
type Wish string

// The wishes. An item without one stays where it is (R-TRACK-02).
const (
	WishNone       Wish = ""
	WishHand       Wish = "hand"       // the user said so
	WishCategory   Wish = "category"   // it bears the category
	WishCollection Wish = "collection" // all that is in its calendar or address book goes up
)

// Candidate is an item that has no record.
type Candidate struct {
	Fields  offline.Fields
	ByHand  bool // the user tracked it in Postrider
	Refused bool // the user untracked it: only a category or a hand takes it up again
	Whole   bool // its collection goes up as a whole
	Problem string
}

// GoesUp says whether, and by what wish, an item goes up. What is private goes by
// hand only; what the CRM can't express does not go (R-TASK-06).
func GoesUp(c Candidate) Wish {
	switch {
	case c.Problem != "":
		return WishNone
	case c.ByHand:
		return WishHand
	case c.Fields[offline.WordPrivate] != "":
		return WishNone
	case HasCategory(c.Fields, offline.CategoryTrack):
		return WishCategory
	case c.Whole && !c.Refused:
		return WishCollection
	}
	return WishNone
}

// HasCategory reports whether the fields name a category. Case and spaces around
// it don't matter.
func HasCategory(f offline.Fields, name string) bool {
	return f[offline.WordCategories] != "" && slices.ContainsFunc(strings.Split(f[offline.WordCategories], "\n"), func(c string) bool { return sameCategory(c, name) })
}

func sameCategory(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// Tracked is the word of categories once an item is tracked: who asked for it by
// the category sees it done. ok is false where nothing changes.
func Tracked(f offline.Fields) (categories string, ok bool) {
	if !HasCategory(f, offline.CategoryTrack) {
		return "", false
	}
	list := slices.DeleteFunc(strings.Split(f[offline.WordCategories], "\n"), func(c string) bool {
		return sameCategory(c, offline.CategoryTrack) || sameCategory(c, offline.CategoryTracked)
	})
	list = append(list, offline.CategoryTracked)
	slices.Sort(list)
	return strings.Join(list, "\n"), true
}

// Untracked is the word of categories once an item is no longer tracked.
func Untracked(f offline.Fields) (categories string, ok bool) {
	if !HasCategory(f, offline.CategoryTracked) && !HasCategory(f, offline.CategoryTrack) {
		return "", false
	}
	list := slices.DeleteFunc(strings.Split(f[offline.WordCategories], "\n"), func(c string) bool {
		return sameCategory(c, offline.CategoryTrack) || sameCategory(c, offline.CategoryTracked)
	})
	return strings.Join(list, "\n"), true
}
