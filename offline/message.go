package offline

import "time"

// FolderID is the store's own number for a mailbox folder; it is never used
// again for another folder.
type FolderID uint32

// FolderRole is what a folder is for (RFC 6154 special use).
type FolderRole string

// The folder roles that Postrider tells apart.
const (
	RoleInbox   FolderRole = "inbox"
	RoleSent    FolderRole = "sent"
	RoleDrafts  FolderRole = "drafts"
	RoleArchive FolderRole = "archive"
	RoleJunk    FolderRole = "junk"
	RoleTrash   FolderRole = "trash"
	RoleOther   FolderRole = ""
)

// Folder is a mailbox folder.
type Folder struct {
	ID        FolderID   `json:"id"`
	Name      string     `json:"name"`            // full name as the server has it, decoded
	Delimiter string     `json:"delim,omitempty"` // hierarchy delimiter, one character or empty
	Role      FolderRole `json:"role,omitempty"`
	Read      bool       `json:"read"`              // Postrider reads this folder
	NoSelect  bool       `json:"nosel,omitempty"`   // a name only, holds no messages
	Missing   bool       `json:"missing,omitempty"` // no longer listed by the server
	ObjectID  string     `json:"oid,omitempty"`     // stays through a rename (RFC 8474 MAILBOXID); empty: the server has none
	Cursor    Cursor     `json:"cursor"`
}

// Cursor says how much of a folder is in the store. The zero Cursor: nothing.
type Cursor struct {
	UIDValidity   uint32    `json:"uv,omitempty"`
	UIDNext       uint32    `json:"next,omitempty"`   // every message below is known or left out on purpose; 0: first scan not finished
	HighestModSeq uint64    `json:"modseq,omitempty"` // 0: the server has none
	Messages      uint32    `json:"n,omitempty"`      // how many the server had
	LeftOut       uint32    `json:"out,omitempty"`    // of those, how many are older than Since and not kept
	Since         time.Time `json:"since,omitzero"`   // the first scan took what was received on or after; zero: all
	At            time.Time `json:"at,omitzero"`      // last confirmed with the server
	NoKeywords    bool      `json:"nokw,omitempty"`   // the server keeps no keywords in this folder (RFC 3501 PERMANENTFLAGS)
}

// Place is where a message lies in the mailbox: a message can lie in several.
type Place struct {
	Folder FolderID `json:"f"`
	UID    uint32   `json:"u"`
	Flags  []string `json:"fl,omitempty"` // as the server spells them, sorted, without \Recent

	Keyword KeywordMark `json:"kw,omitempty"` // what Postrider did about KeywordTracked here
}

// KeywordMark is what became of KeywordTracked at one place, so that what
// Postrider wrote can be told from what a person did in another mail program.
// It goes with the place: what was moved, copied or numbered anew has none.
type KeywordMark uint32

// The marks.
const (
	KeywordNone    KeywordMark = iota
	KeywordSet                 // Postrider set it; the mailbox has not shown it since
	KeywordSeen                // and the mailbox has shown it: when it is gone, somebody took it away
	KeywordRefused             // the server did not keep it, and is not asked again here
)

// Message is a message of the mailbox: its header and what became of it. The
// body is kept apart (Store.Body) and only when it was needed.
type Message struct {
	Key uint64 `json:"-"` // the store's own number, from 1; 0: not stored yet

	// Identity is what makes this message the same one wherever it lies: its
	// Message-ID with <>, or one computed from the header where that is
	// missing, unusable or shared by different messages (Computed).
	Identity string `json:"id"`
	Computed bool   `json:"comp,omitempty"`

	From        []Address `json:"from,omitempty"`
	Sender      Address   `json:"sender,omitzero"`
	ReplyTo     []Address `json:"rt,omitempty"`
	To          []Address `json:"to,omitempty"`
	Cc          []Address `json:"cc,omitempty"`
	Bcc         []Address `json:"bcc,omitempty"`
	Subject     string    `json:"subj,omitempty"`
	Date        time.Time `json:"date"`           // the Date field, or Received where that is missing or absurd; UTC
	Received    time.Time `json:"recv"`           // the server's INTERNALDATE; UTC
	InReplyTo   []string  `json:"irt,omitempty"`  // Message-IDs with <>
	References  []string  `json:"refs,omitempty"` // oldest first, Message-IDs with <>; at most 100, the first and the last ones kept
	ThreadIndex string    `json:"ti,omitempty"`
	ContentType string    `json:"ct,omitempty"` // media type in lower case, no parameters
	ListID      string    `json:"list,omitempty"`
	Automatic   bool      `json:"auto,omitempty"` // Auto-Submitted, bulk or list mail
	Size        int64     `json:"size,omitempty"` // bytes, as the server says
	Outgoing    bool      `json:"out,omitempty"`  // the user sent it
	Places      []Place   `json:"at,omitempty"`   // empty: no longer in any folder that is read
	Body        BodyInfo  `json:"body,omitzero"`

	Track Tracking `json:"track"`
}

// BodyInfo says what is known of a message's body once it was fetched.
type BodyInfo struct {
	Stored      bool   `json:"stored,omitempty"` // the raw message is in Store.Body
	Attachments int    `json:"att,omitempty"`
	Snippet     string `json:"snip,omitempty"` // first words of the text, for the list; at most 160 characters
}

// State is what became of an item. There are four, the same everywhere.
type State string

// The states of an item.
const (
	Untracked State = "untracked"
	Waiting   State = "waiting"
	Tracked   State = "tracked"
	Failed    State = "failed"
)

// Cause is why an item is tracked, or is not.
type Cause string

// Causes of what is tracked. A filter's cause is "filter:" and the filter's name.
const (
	CauseUser      Cause = "user"      // Track, Set Regarding or Untrack by hand
	CauseReply     Cause = "reply"     // In-Reply-To or References name a tracked email
	CauseToken     Cause = "token"     // the subject carries the token of a tracked email
	CauseThread    Cause = "thread"    // its Thread-Index is of the conversation of a tracked email
	CauseSmart     Cause = "smart"     // smart matching: same subject, same people
	CauseFolder    Cause = "folder"    // it lies in a tracked folder
	CauseKeyword   Cause = "keyword"   // another mail program asked by the keyword $CRMTrack
	CauseSent      Cause = "sent"      // it was written in Postrider, or in the CRM and sent by Postrider
	CauseColleague Cause = "colleague" // it was in the CRM already
)

// Causes of what rules left alone; beside them the filter's, which found nothing
// to take.
const (
	CauseNever   Cause = "never"    // it is on the never-track list
	CauseOld     Cause = "old"      // from before the chosen date
	CauseSentOff Cause = "sent-off" // sent mail is tracked by hand only
	// CauseElsewhere: the CRM has somebody else, or nobody, move incoming mail.
	CauseElsewhere Cause = "elsewhere"
)

// Tracking is the tracking state of an item, with age and reason.
type Tracking struct {
	State State     `json:"s,omitempty"` // empty: not decided yet
	Since time.Time `json:"t,omitzero"`  // in this state since; UTC
	Cause Cause     `json:"c,omitempty"`
	// Reason is for people: why it waits or failed, what the server said.
	Reason    string `json:"r,omitempty"`
	Record    Ref    `json:"rec,omitzero"` // the email record; chosen before the first attempt to create it
	Regarding Ref    `json:"reg,omitzero"`
	// Declined: the user untracked it; automatic rules leave it alone.
	Declined bool `json:"no,omitempty"`
	// Epoch is the settings' epoch under which it was decided; a later epoch
	// (another filter) decides undecided messages only, never these.
	Epoch int `json:"e,omitempty"`
	// By is for people: who or what tracked it, where Cause does not tell: the
	// colleague's name, the folder's name.
	By string `json:"by,omitempty"`
}

// Keywords by which other mail programs ask for tracking and see it done.
const (
	KeywordTrack   = "$CRMTrack"   // please track; Postrider removes it when done
	KeywordTracked = "$CRMTracked" // is tracked; removing it untracks
)

// FolderStatus is what a server says of a folder without opening it.
type FolderStatus struct {
	Name          string
	ObjectID      string
	UIDValidity   uint32
	UIDNext       uint32
	HighestModSeq uint64 // 0: the server has none
	Messages      uint32
}

// FolderDelta is one batch of what changed in a folder, as an adapter found it.
// Store it, and Cursor with it, in one transaction.
type FolderDelta struct {
	Reset    bool         // UIDVALIDITY changed: all known places of this folder are void, messages are not
	New      []Message    // each with exactly one Place, of this folder
	Flags    []FlagChange // changed flags of known messages
	Gone     []uint32     // UIDs that the server says are no longer there
	SetAside []SetAside   // messages that could not be read, with the reason
	Cursor   Cursor       // where to go on after this batch
}

// FlagChange is the new set of flags of one message.
type FlagChange struct {
	UID   uint32
	Flags []string
}

// SetAside is an item that could not be handled; it is visible and retryable
// and does not stop the rest.
type SetAside struct {
	ID       uint64    `json:"-"` // the store's own number, from 1
	Folder   FolderID  `json:"folder,omitempty"`
	UID      uint32    `json:"uid,omitempty"`
	Reason   string    `json:"reason"` // for people
	At       time.Time `json:"at"`
	Attempts int       `json:"attempts"`
}
