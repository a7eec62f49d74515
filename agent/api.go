package agent

import (
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// Phase is what the agent is at, in one word.
type Phase string

// The phases, as tray and status line show them.
const (
	Idle    Phase = "idle"
	Syncing Phase = "syncing"
	Offline Phase = "offline" // a server can't be reached; what is cached is there
	NeedsMe Phase = "needs you"
	Paused  Phase = "paused"
)

// Status is a snapshot of the agent; it is never changed after it was made.
type Status struct {
	Phase    Phase
	CatchUp  bool   // the first sync since the start or since being offline
	Doing    string // "Reading Inbox", for people; empty when idle
	Done     int    // of Total, in the unit that Doing speaks of
	Total    int    // 0: not known
	Counts   offline.Counts
	Items    map[offline.Kind]offline.Counts // of appointments, contacts and tasks; nil where they are left alone. Not to be changed
	MailAt   time.Time                       // last good answer of the mailbox; zero: never
	CRMAt    time.Time                       // last good answer of the CRM; zero: never
	NextTry  time.Time                       // when Offline
	Problems []health.Problem
}

// Undo takes an action back. It says in its error when it came too late.
type Undo func() error
