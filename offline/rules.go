package offline

import "time"

// Rules are what the user chose about tracking on this computer, beside what is
// kept in the CRM (Options). They are one setting of the store.
type Rules struct {
	Sent    bool         `json:"sent,omitempty"`    // the tracking filter decides sent mail, too (R-EMAIL-24)
	Since   time.Time    `json:"since,omitzero"`    // what is older is tracked by hand only; zero: no bound
	Never   []Never      `json:"never,omitempty"`   // wins over every rule; not over the user's hand
	Folders []FolderRule `json:"folders,omitempty"` // in the order in which they were made
	Book    BookScope    `json:"book,omitzero"`
	// NoKeywords: leave the mailbox alone, don't look at or set keywords.
	NoKeywords bool `json:"no_keywords,omitempty"`
}

// SettingRules is the name of Rules among the store's settings.
const SettingRules = "rules"

// Picks are, by folded address, the record that the user chose among several
// that hold it. They are one setting of the store.
type Picks map[string]Ref

// SettingPicks is the name of Picks among the store's settings.
const SettingPicks = "picks"

// Never is one entry of the never-track list: exactly one field is set.
type Never struct {
	Address string   `json:"address,omitempty"` // folded
	Domain  string   `json:"domain,omitempty"`  // folded; its subdomains, too
	Folder  FolderID `json:"folder,omitempty"`
}

// FolderRule tracks what is put into a folder (R-FOLDER-03..05).
type FolderRule struct {
	Folder    FolderID  `json:"folder"`
	Regarding Ref       `json:"regarding,omitzero"` // zero: tracked, and about what correlation says
	Since     time.Time `json:"since,omitzero"`     // messages received before lie there untouched; zero: all of them (backfill)
	Disabled  bool      `json:"disabled,omitempty"` // the folder is gone
}

// BookScope says which records the address book offers (R-ADDRESSBOOK-03..05).
type BookScope struct {
	Contacts BookReach `json:"contacts,omitempty"` // empty: BookAll
	Others   BookReach `json:"others,omitempty"`   // empty: BookOwn
	Kinds    []Kind    `json:"kinds,omitempty"`    // the other kinds it holds; nil: accounts, leads, users, queues
}

// BookReach is how far the address book reaches into one kind.
type BookReach string

// The reaches.
const (
	BookNone BookReach = "none"
	BookOwn  BookReach = "own" // what the user owns
	BookAll  BookReach = "all"
)
