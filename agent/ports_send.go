package agent

import (
	"context"
	"io"
	"time"

	"postrider/offline"
)

// Sender hands messages to the user's mail server. It is used by one goroutine
// at a time.
type Sender interface {
	// Send hands over one message, to all recipients or none. msg gives it anew
	// for each attempt; that its reader came to the end means to the agent that
	// the server may have all of it from then on, so nothing may complete the
	// transfer before. Errors carry an *offline.Fault; FaultDoubt: it was handed
	// over and the answer did not come. Any other class: it has not gone.
	Send(ctx context.Context, e offline.Envelope, msg func() (io.ReadCloser, error)) error
}

// Filer is the part of a mailbox that takes in messages. It is used by the
// goroutine that syncs, and may be the same value as Mailbox.
type Filer interface {
	// Append puts a message into f. uid 0: the server did not say. After an
	// error that is not a refusal it may be there: look with FindIdentity first.
	Append(ctx context.Context, f offline.Folder, flags []string, received time.Time, size int64, r io.Reader) (uid uint32, err error)

	// FindIdentity returns the UIDs in f of messages with that Message-ID (with <>).
	FindIdentity(ctx context.Context, f offline.Folder, identity string) ([]uint32, error)
}

// Tokens is the part of a CRM that gives out tracking tokens. Safe for use by
// several goroutines.
type Tokens interface {
	// Token returns a new token for a message of that subject, "" where the
	// organization has tokens off. It returns soon after ctx ends.
	Token(ctx context.Context, subject string) (string, error)
}

// TemplateSource is the part of a CRM that has email templates (R-EMAIL-32).
// Safe for use by several goroutines.
type TemplateSource interface {
	Templates(ctx context.Context) ([]offline.Template, error)
	// FillTemplate fills a template with the data of a record; about zero: as it is.
	FillTemplate(ctx context.Context, id string, about offline.Ref) (offline.Filled, error)
}

// PendingMail is the part of a CRM in which mail is written that this client is
// to send (R-EMAIL-25..27). Safe for use by several goroutines.
type PendingMail interface {
	// Pending takes over what waits for this user, so that no other computer
	// does, and returns it. What was taken over in an earlier call does not come
	// again, unless nobody has said for long what became of it (Doubt).
	Pending(ctx context.Context) ([]offline.PendingEmail, error)
}
