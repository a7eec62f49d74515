package offline

import (
	"errors"
	"time"
)

// FaultClass is the kind of failure that a server answered with, or that kept
// it from answering. Adapters classify at the edge; package agent decides what
// to do; package health words it.
type FaultClass string

// The classes of fault.
const (
	FaultNetwork   FaultClass = "network"   // unreachable, dropped, timed out: try again later
	FaultTLS       FaultClass = "tls"       // certificate or handshake refused
	FaultAuth      FaultClass = "auth"      // sign-in refused or expired: ask the user
	FaultDenied    FaultClass = "denied"    // signed in, but not allowed this
	FaultNotFound  FaultClass = "not-found" // the server says that it is not there (404, 410)
	FaultStale     FaultClass = "stale"     // it has changed since (412 on If-Match)
	FaultExists    FaultClass = "exists"    // it is there already (412 on If-None-Match)
	FaultThrottled FaultClass = "throttled" // told to slow down; RetryAfter says how long
	FaultServer    FaultClass = "server"    // the server failed: try again later
	FaultRejected  FaultClass = "rejected"  // the server will never take this item as it is
	FaultProtocol  FaultClass = "protocol"  // an answer that makes no sense
	FaultExpired   FaultClass = "expired"   // the cursor is too old: start with a full listing
	FaultDoubt     FaultClass = "doubt"     // it was handed over and no answer came: it may have been done
)

// Fault is a classified failure.
type Fault struct {
	Class      FaultClass
	Op         string        // what was being done: "fetch headers of INBOX"
	Text       string        // what the server said; never a secret
	Code       string        // the server's own code, if any
	RetryAfter time.Duration // with FaultThrottled; 0: not said
	Err        error
}

func (f *Fault) Error() string {
	s := f.Op
	if f.Text != "" {
		if s != "" {
			s += ": "
		}
		s += f.Text
	}
	if f.Err != nil && (f.Text == "" || f.Err.Error() != f.Text) {
		if s != "" {
			s += ": "
		}
		s += f.Err.Error()
	}
	if s == "" {
		s = string(f.Class)
	}
	return s
}

func (f *Fault) Unwrap() error { return f.Err }

// ErrNoKeywords says that the server keeps no keywords in a folder; adapters
// have it in a Fault's chain.
var ErrNoKeywords = errors.New("this folder keeps no keywords")

// ClassOf returns the class of the first Fault in err's chain, "" if there is none.
func ClassOf(err error) FaultClass {
	var f *Fault
	if errors.As(err, &f) {
		return f.Class
	}
	return ""
}

// Transient reports whether trying again later, unchanged, can succeed.
func (c FaultClass) Transient() bool {
	switch c {
	case FaultNetwork, FaultThrottled, FaultServer:
		return true
	}
	return false
}
