package offline

import (
	"strings"
	"time"
)

// Kind is the kind of a record in the CRM, in Postrider's own words; an adapter
// translates it to its CRM's tables.
type Kind string

// The kinds of record that Postrider speaks of.
const (
	KindAccount     Kind = "account"
	KindContact     Kind = "contact"
	KindLead        Kind = "lead"
	KindOpportunity Kind = "opportunity"
	KindCase        Kind = "case"
	KindUser        Kind = "user"
	KindQueue       Kind = "queue"
	KindEmail       Kind = "email"
	KindAppointment Kind = "appointment"
	KindTask        Kind = "task"
)

// Ref names one record. ID is the CRM's own id; for Dataverse a GUID in lower
// case. The zero Ref names nothing.
type Ref struct {
	Kind Kind   `json:"k,omitempty"`
	ID   string `json:"i,omitempty"`
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns "kind:id", or "" for the zero Ref. ParseRef reads it back.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return string(r.Kind) + ":" + r.ID
}

// ParseRef reads what Ref.String wrote; ok is false for anything else.
func ParseRef(s string) (r Ref, ok bool) {
	kind, id, ok := strings.Cut(s, ":")
	if !ok || kind == "" || id == "" {
		return Ref{}, false
	}
	return Ref{Kind: Kind(kind), ID: id}, true
}

// Address is one mail address as written in a message or a record.
type Address struct {
	Name string `json:"n,omitempty"`
	Addr string `json:"a,omitempty"`
}

// Fold returns the form of a mail address in which two spellings of the same
// mailbox are equal: trimmed and in lower case. (Local parts may differ by case
// by RFC 5321 section 2.4; no CRM and no common provider treats them so.)
func Fold(addr string) string { return strings.ToLower(strings.TrimSpace(addr)) }

// Record is a row of the CRM as cached here: enough to recognise people, to
// choose a regarding and to show a side panel, offline.
type Record struct {
	Ref
	Name    string    `json:"name"`
	Addrs   []string  `json:"addrs,omitempty"`   // every email column that is filled, the first one first
	Parent  Ref       `json:"parent,omitzero"`   // a contact's account, an opportunity's or case's customer
	Owner   Ref       `json:"owner,omitzero"`    // the user (or team) who owns it
	Active  bool      `json:"active"`            // open, active, enabled
	Created time.Time `json:"created,omitzero"`  // UTC
	Changed time.Time `json:"changed,omitzero"`  // the CRM's modified-on, UTC
	ETag    string    `json:"etag,omitempty"`    // opaque
	Fields  Fields    `json:"fields,omitempty"`  // what else the side panel shows: job title, phone, value
	Email   *Email    `json:"email,omitempty"`   // of kind email only: what correlation needs
	Summary string    `json:"summary,omitempty"` // one line for lists: "Head of Purchasing, Moravia Tools"
}

// Fields are columns by Postrider's own word ("title", "phone", "value", ...)
// or, where there is none, under the CRM's own name. Values are texts as a
// person would read them.
type Fields map[string]string

// Email is what is known of an email record in the CRM: ours or a colleague's.
type Email struct {
	Identity  string `json:"mid,omitempty"`   // the Message-ID it was made from, with <>
	Token     string `json:"token,omitempty"` // tracking token
	Outgoing  bool   `json:"out,omitempty"`
	Closed    bool   `json:"closed,omitempty"` // Received, Sent or otherwise completed: read-only
	Regarding Ref    `json:"regarding,omitzero"`
}

// RecordDelta is one batch of what changed in the CRM. Store it, and Cursor
// with it, in one transaction.
type RecordDelta struct {
	Kind    Kind
	Changed []Record
	Gone    []Ref     // deleted: the CRM said so (a tombstone), never by absence
	Reset   bool      // what follows is a full listing: rows of Kind that don't come again are gone
	Final   bool      // last batch of this kind; Reset takes effect with it
	Cursor  CRMCursor // where to go on after this batch
}

// CRMCursor says how far one kind of record has been pulled.
type CRMCursor struct {
	Kind  Kind      `json:"kind"`
	Delta string    `json:"delta,omitempty"` // delta link, opaque; empty: not supported or not begun
	Since time.Time `json:"since,omitzero"`  // modified-on fallback: everything changed before is here
	Next  string    `json:"next,omitempty"`  // next page of a listing under way, opaque
	// NoDelta: this user can't use change tracking on this kind (no
	// organization-wide read); modified-on is asked instead.
	NoDelta bool      `json:"no_delta,omitempty"`
	Denied  bool      `json:"denied,omitempty"` // this user may not read the kind at all
	At      time.Time `json:"at,omitzero"`      // last good answer
}

// PartyRole is the part that somebody has in an email.
type PartyRole string

// The roles of email parties.
const (
	RoleSender PartyRole = "sender"
	RoleTo     PartyRole = "to"
	RoleCc     PartyRole = "cc"
	RoleBcc    PartyRole = "bcc"
)

// Party is one address of an email and the records it was resolved to (none:
// unresolved; several: an address that several records hold, R-EMAIL-14).
type Party struct {
	Role    PartyRole `json:"role"`
	Address Address   `json:"addr"`
	Records []Ref     `json:"records,omitempty"`
}

// User is who the CRM says we are.
type User struct {
	ID           string  `json:"id"`
	Name         string  `json:"name"`
	Address      string  `json:"address"` // the address the CRM knows the user by
	Organization string  `json:"org"`     // the organization's id
	Version      string  `json:"version,omitempty"`
	Options      Options `json:"options"`
}

// Options are the settings of the organization and the user in the CRM that
// bear on tracking.
type Options struct {
	Filter          string   `json:"filter,omitempty"`         // the user's own choice: all, replies, people, records, none; empty: unknown
	TokenPrefixes   []string `json:"token_prefixes,omitempty"` // the current one first, then those used before; none: tokens are off
	TokenDigits     int      `json:"token_digits,omitempty"`   // digits of user number plus counter plus the online/offline digit
	CorrelateHeader bool     `json:"correlate_header"`
	MaxAttachment   int64    `json:"max_attachment,omitempty"` // bytes; 0: unknown
	Blocked         []string `json:"blocked,omitempty"`        // attachment extensions, lower case, no dot
	UnresolveMany   bool     `json:"unresolve_many,omitempty"` // R-EMAIL-16
	TwoActivities   bool     `json:"two_activities,omitempty"` // R-EMAIL-22
}
