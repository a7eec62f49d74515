package agent

import (
	"context"
	"io"
	"time"

	"postrider/offline"
)

// Mailbox is the user's mailbox. Its methods are called from one goroutine at a
// time, except Idle, which runs beside them, and Requests. All of them return
// soon after ctx ends. Errors carry an *offline.Fault; after any error the next
// call connects anew.
type Mailbox interface {
	// Folders lists the folders, with role and name only (ID, Read and Cursor
	// are the store's).
	Folders(ctx context.Context) ([]offline.Folder, error)

	// Sync finds what changed in f since f.Cursor and hands it over in batches,
	// newest messages first where the folder is read for the first time. A batch
	// is over when emit returned nil; Sync may be cut anywhere and called again
	// with what was stored. f.Cursor.Since (set by the caller before the first
	// scan) bounds that scan. known returns, sorted, the UIDs of f that are in
	// the store or set aside; it is asked only where the cursor does not suffice.
	// Each emitted Cursor covers what was emitted up to then.
	Sync(ctx context.Context, f offline.Folder, known func() ([]uint32, error), emit func(offline.FolderDelta) error) error

	// Bodies fetches whole messages of f in any order and hands each to each,
	// which must read it before it returns. A UID that is no longer there is
	// left out. A message that can't be fetched is given as err with r nil.
	Bodies(ctx context.Context, f offline.Folder, uids []uint32, each func(uid uint32, r io.Reader, err error) error) error

	// Idle waits on a connection of its own until the server says that
	// something changed in f, or until ctx ends, or the connection fails.
	Idle(ctx context.Context, f offline.Folder) error

	// Requests counts the commands sent so far, of all connections.
	Requests() int64

	Close() error
}

// Poller is the part of a mailbox that looks at many folders at once. It is
// used by the goroutine that syncs, and may be the same value as Mailbox.
type Poller interface {
	// Status says how folders are, in as few round trips as the server allows.
	// Folders that are not there are left out.
	Status(ctx context.Context, names []string) ([]offline.FolderStatus, error)
}

// Marker is the part of a mailbox that sets keywords, the only thing that
// Postrider writes on messages. It is used by the goroutine that syncs, and may
// be the same value as Mailbox.
type Marker interface {
	// SetKeywords adds and removes keywords of messages in f. UIDs that are gone
	// are passed over; doing it twice is doing it once. offline.ErrNoKeywords in
	// the error's chain: the folder keeps none.
	SetKeywords(ctx context.Context, f offline.Folder, uids []uint32, add, remove []string) error
}

// CRM is the user's CRM. Safe for use by several goroutines. Errors carry an
// *offline.Fault.
type CRM interface {
	// Me says who is signed in, and the options that bear on tracking.
	Me(ctx context.Context) (offline.User, error)

	// Pull brings what changed in each kind since its cursor, in batches; a
	// batch is over when emit returned nil. A kind that the user may not read is
	// emitted once with Cursor.Denied. The kind email begins at Cursor.Since.
	Pull(ctx context.Context, cursors []offline.CRMCursor, emit func(offline.RecordDelta) error) error

	// EmailsByIdentity finds the email records made from any of these
	// Message-IDs, whoever made them.
	EmailsByIdentity(ctx context.Context, identities []string) ([]offline.Record, error)

	// EmailsByToken finds the email records that bear any of these tracking tokens.
	EmailsByToken(ctx context.Context, tokens []string) ([]offline.Record, error)

	// Exists tells which of these records are there: those that are not, the
	// CRM said so of each one.
	Exists(ctx context.Context, refs []offline.Ref) (map[offline.Ref]bool, error)

	// Push carries out the writes in as few requests as it can; they don't
	// depend on one another. Outcomes are in the order of writes. The error is
	// for what stopped them all; outcomes not reached then carry it too.
	// Repeating a write that got through is recognised and counts as success.
	Push(ctx context.Context, writes []offline.Write) ([]offline.Outcome, error)

	// Search finds active records of these kinds whose name or address
	// contains text, at most limit, best first.
	Search(ctx context.Context, text string, kinds []offline.Kind, limit int) ([]offline.Record, error)

	// Requests counts the HTTP requests so far, and those of them that write.
	Requests() (all, writes int64)
}

// Conversations is the part of a CRM that finds emails by what they have in
// common with a message that names none of them. Safe for use by several
// goroutines; errors as CRM's.
type Conversations interface {
	// EmailsByThread finds the email records of conversations, by the roots of
	// their conversation indexes (track.ThreadRoot).
	EmailsByThread(ctx context.Context, roots []string) ([]offline.Record, error)

	// EmailsBySubject finds the email records made since then whose subject
	// contains any of these, noise cut off, with their people: for smart matching.
	EmailsBySubject(ctx context.Context, subjects []string, since time.Time) ([]offline.Record, error)
}

// Pages is the part of a CRM whose records can be looked at in a browser. Safe
// for use by several goroutines.
type Pages interface {
	// RecordURL is the address of a record's page, "" where it has none.
	RecordURL(r offline.Ref) string
}
