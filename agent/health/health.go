// Package health knows every kind of problem that a user can see: its code,
// title, severity and remedy. The parts of the program set and clear problems
// on a Tracker; interfaces show what Current returns. A problem goes away by
// itself when the part that set it clears it.
//
// It decides nothing and logs nothing.
package health

import (
	"sort"
	"sync"
	"time"

	"postrider/offline"
)

// Severity says how loudly a problem is shown.
type Severity int

// Severities, from quiet to loud.
const (
	Info   Severity = iota // worth knowing; nothing to do
	Warn                   // something does not move until the user acts or time passes
	Danger                 // something could be lost
)

// Code names a kind of problem for scripts; stable.
type Code string

// Kind is a registered kind of problem.
type Kind struct {
	Code     Code
	Title    string        // a few words
	Severity Severity      // of this kind
	Remedy   string        // the one thing to do
	Delay    time.Duration // how long it must last before it is shown
}

// Problem is a problem at hand.
type Problem struct {
	Kind
	Subject string    // what it is about: "mailbox", "crm", an item; one problem per code and subject
	Text    string    // the cause, for people; no secrets
	Since   time.Time // UTC
}

// The kinds.
var (
	MailboxUnreachable   = Kind{"mailbox-unreachable", "The mailbox can't be reached", Info, "Check the network; Postrider tries again by itself.", 10 * time.Second}
	MailboxSignIn        = Kind{"mailbox-sign-in", "The mailbox refuses the sign-in", Warn, "Check the password or sign in again in the settings.", 0}
	MailboxTLS           = Kind{"mailbox-tls", "The mailbox's certificate is not trusted", Warn, "Check the server's name, or name its authority as ca_file.", 0}
	MailboxAnswer        = Kind{"mailbox-answer", "The mailbox answers strangely", Warn, "Postrider tries again by itself; if it lasts, send the log.", 0}
	CRMUnreachable       = Kind{"crm-unreachable", "The CRM can't be reached", Info, "Check the network; Postrider tries again by itself.", 10 * time.Second}
	CRMSignIn            = Kind{"crm-sign-in", "The CRM refuses the sign-in", Warn, "Sign in to the CRM again.", 0}
	CRMTLS               = Kind{"crm-tls", "The CRM's certificate is not trusted", Warn, "Check the address of the organization.", 0}
	CRMDenied            = Kind{"crm-denied", "The CRM does not allow this", Warn, "Ask your administrator for the right.", 0}
	CRMThrottled         = Kind{"crm-throttled", "The CRM asked for a pause", Info, "Nothing to do; Postrider goes on when the CRM allows it.", 5 * time.Second}
	CRMAnswer            = Kind{"crm-answer", "The CRM answers strangely", Warn, "Postrider tries again by itself; if it lasts, send the log.", 0}
	CRMOther             = Kind{"crm-other", "The CRM is not the one of this profile", Danger, "Choose another profile with --home, or correct the CRM's address.", 0}
	OptionsRefused       = Kind{"options-refused", "The CRM does not take your settings", Warn, "Ask your administrator for the right to change your own settings, or choose again.", 0}
	CRMNoRead            = Kind{"crm-no-read", "A kind of record can't be read", Info, "Ask your administrator for the right, if you need it.", 0}
	ManyGone             = Kind{"many-gone", "Many tracked emails seem to be gone", Warn, "Check with your administrator that you can still read emails in the CRM.", 0}
	FolderMissing        = Kind{"folder-missing", "A folder is not there", Warn, "Correct the name under [track] folders in the configuration.", 0}
	FolderRuleOff        = Kind{"folder-rule-off", "A tracked folder is gone", Warn, "Track another folder, or take this one off the tracked folders.", 0}
	NoKeywords           = Kind{"no-keywords", "The mailbox keeps no keywords", Info, "Nothing to do: tracking by folder works. Other mail programs can't ask for tracking by keyword, or see it done.", 0}
	ItemFailed           = Kind{"item-failed", "A message could not be tracked", Warn, "See what the CRM said beside the message; correct it and choose Retry.", 0}
	RecordFailed         = Kind{"record-failed", "A record could not be made in the CRM", Warn, "See what the CRM said beside the message that it is made from; correct it and choose Retry.", 0}
	ItemSetAside         = Kind{"item-set-aside", "A message could not be read", Warn, "Look at it in your mail program; choose Retry to read it again.", 0}
	CountsDiffer         = Kind{"counts-differ", "The folder's count differs from the server's", Warn, "Postrider reads the folder again at the next sync.", 0}
	SendUnreachable      = Kind{"send-unreachable", "The mail server for sending can't be reached", Info, "Check the network; what waits goes by itself.", 10 * time.Second}
	SendSignIn           = Kind{"send-sign-in", "The mail server refuses to let you send", Warn, "Check the password, and the user named in [mailbox] smtp.", 0}
	SendTLS              = Kind{"send-tls", "The connection for sending is not safe", Warn, "Check the server's name, or name its authority as ca_file.", 0}
	SendAnswer           = Kind{"send-answer", "The mail server for sending answers strangely", Warn, "Check that [mailbox] smtp names a server for sending; Postrider tries again by itself.", 0}
	SendFailed           = Kind{"send-failed", "A message could not be sent", Warn, "See in the outbox what the server said; correct it and send it again.", 0}
	SendDoubt            = Kind{"send-doubt", "A message may have been sent", Warn, "Ask a recipient, then choose in the outbox that it went, or send it again.", 0}
	SendUnfiled          = Kind{"send-unfiled", "A sent message has no copy in Sent", Info, "Make a folder for sent mail in your mail program; the message itself has gone.", 0}
	IncomingElsewhere    = Kind{"incoming-elsewhere", "Incoming mail is not Postrider's to track", Info, "Choose in the settings who moves your mail.", 0}
	OutgoingElsewhere    = Kind{"outgoing-elsewhere", "Mail of the CRM is not Postrider's to send", Info, "Choose in the settings who moves your mail.", 0}
	PendingStays         = Kind{"pending-stays", "Mail that you send in the CRM waits", Info, "Set up a mail server for sending, or allow it in the settings.", 0}
	OtherComputer        = Kind{"other-computer", "Another computer of yours carries mail, too", Info, "Nothing to do; nothing is doubled.", 0}
	DirectoryUnreachable = Kind{"directory-unreachable", "Calendars or contacts can't be reached", Info, "Check the network; Postrider tries again by itself.", 10 * time.Second}
	DirectorySignIn      = Kind{"directory-sign-in", "Calendars or contacts refuse the sign-in", Warn, "Check the password or sign in again in the settings.", 0}
	DirectoryTLS         = Kind{"directory-tls", "The certificate for calendars or contacts is not trusted", Warn, "Check the server's name, or name its authority as ca_file.", 0}
	DirectoryAnswer      = Kind{"directory-answer", "Calendars or contacts answer strangely", Warn, "Postrider tries again by itself; if it lasts, send the log.", 0}
	CollectionMissing    = Kind{"collection-missing", "A calendar or address book is gone", Warn, "Nothing was deleted in the CRM; look in your calendar program if it should be there.", 0}
	EntryUnread          = Kind{"entry-unread", "An appointment, contact or task could not be read", Warn, "Look at it in your calendar program; it is read again when it changes.", 0}
	EntryFailed          = Kind{"entry-failed", "An appointment, contact or task could not be carried", Warn, "See what was said beside it; it is tried again when it changes, or when you choose Retry.", 0}
	ItemsHeld            = Kind{"items-held", "Many things vanished at once", Warn, "Look at what is held, in the window on the page Sync, and confirm or reject it.", 0}
	ItemsConflict        = Kind{"items-conflict", "Both sides changed the same", Warn, "Choose which value is to hold, in the window on the page Sync.", 0}
	ItemsFirst           = Kind{"items-first", "Calendars and people are ready to be matched with the CRM", Info, "See what would happen, in the window on the page Sync, and start it there, or run: postrider sync --once --yes", 0}
	ItemsElsewhere       = Kind{"items-elsewhere", "Appointments, contacts and tasks are not Postrider's to carry", Info, "Ask your administrator if that is to change.", 0}
	StoreFull            = Kind{"store-full", "The disk is full", Danger, "Free some space; nothing was lost, Postrider goes on then.", 0}
	StoreFailed          = Kind{"store-failed", "The offline store could not be written", Danger, "Check the disk; Postrider goes on when it can write again.", 0}
)

// Tracker holds the problems at hand. The zero Tracker is not ready; use New.
// Safe for use by several goroutines.
type Tracker struct {
	now     func() time.Time
	mu      sync.Mutex
	current map[key]Problem
	watch   func()
}

type key struct {
	code    Code
	subject string
}

// New returns a Tracker without problems. changed, if not nil, is called after
// each change, without locks held.
func New(now func() time.Time, changed func()) *Tracker {
	return &Tracker{now: now, current: map[key]Problem{}, watch: changed}
}

// Set says that there is a problem. Setting it again keeps its Since.
func (t *Tracker) Set(k Kind, subject, text string) {
	t.mu.Lock()
	id := key{k.Code, subject}
	old, had := t.current[id]
	p := Problem{Kind: k, Subject: subject, Text: text, Since: t.now().UTC()}
	if had {
		p.Since = old.Since
	}
	t.current[id] = p
	t.mu.Unlock()
	if t.watch != nil && (!had || old.Text != text) {
		t.watch()
	}
}

// Clear says that there is no such problem, or no longer.
func (t *Tracker) Clear(k Kind, subject string) {
	t.mu.Lock()
	id := key{k.Code, subject}
	_, had := t.current[id]
	delete(t.current, id)
	t.mu.Unlock()
	if had && t.watch != nil {
		t.watch()
	}
}

// ClearSubject clears all problems of a subject among kinds.
func (t *Tracker) ClearSubject(subject string, kinds ...Kind) {
	for _, k := range kinds {
		t.Clear(k, subject)
	}
}

// Current returns the problems that have lasted longer than their kind's delay,
// loudest first, then oldest first.
func (t *Tracker) Current() []Problem { return t.list(true) }

// All returns all problems, also those too young to be shown.
func (t *Tracker) All() []Problem { return t.list(false) }

func (t *Tracker) list(delayed bool) []Problem {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var out []Problem
	for _, p := range t.current {
		if !delayed || now.Sub(p.Since) >= p.Delay {
			out = append(out, p)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		switch {
		case a.Severity != b.Severity:
			return a.Severity > b.Severity
		case !a.Since.Equal(b.Since):
			return a.Since.Before(b.Since)
		case a.Code != b.Code:
			return a.Code < b.Code
		}
		return a.Subject < b.Subject
	})
	return out
}

// Of returns the kind of problem that a failure of a server is.
func Of(class offline.FaultClass, mailbox bool) Kind {
	if mailbox {
		switch class {
		case offline.FaultNetwork, offline.FaultServer, offline.FaultThrottled:
			return MailboxUnreachable
		case offline.FaultAuth, offline.FaultDenied:
			return MailboxSignIn
		case offline.FaultTLS:
			return MailboxTLS
		}
		return MailboxAnswer
	}
	switch class {
	case offline.FaultNetwork, offline.FaultServer:
		return CRMUnreachable
	case offline.FaultAuth:
		return CRMSignIn
	case offline.FaultDenied:
		return CRMDenied
	case offline.FaultThrottled:
		return CRMThrottled
	case offline.FaultTLS:
		return CRMTLS
	}
	return CRMAnswer
}

// OfDirectory returns the kind of problem that a failure of a server of calendars
// or address books is.
func OfDirectory(class offline.FaultClass) Kind {
	switch class {
	case offline.FaultNetwork, offline.FaultServer, offline.FaultThrottled:
		return DirectoryUnreachable
	case offline.FaultAuth, offline.FaultDenied:
		return DirectorySignIn
	case offline.FaultTLS:
		return DirectoryTLS
	}
	return DirectoryAnswer
}

// OfSending returns the kind of problem that a failure to hand in mail is; ok is
// false where it is the message's own and not the server's, and is shown at the
// message.
func OfSending(class offline.FaultClass) (k Kind, ok bool) {
	switch class {
	case offline.FaultNetwork:
		return SendUnreachable, true
	case offline.FaultAuth:
		return SendSignIn, true
	case offline.FaultTLS:
		return SendTLS, true
	case offline.FaultProtocol:
		return SendAnswer, true
	}
	return Kind{}, false
}
