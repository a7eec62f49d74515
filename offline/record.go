package offline

import (
	"slices"
	"strings"
	"time"
)

// Kind is the kind of a record in the CRM, in Postrider's own words; an adapter
// translates it to its CRM's tables.
type Kind string

// The kinds of record that Postrider speaks of. A kind that is not one of them
// is a table of the organization's own, by its logical name (Options.Tables).
const (
	KindAccount     Kind = "account"
	KindContact     Kind = "contact"
	KindLead        Kind = "lead"
	KindOpportunity Kind = "opportunity"
	KindCase        Kind = "case"
	KindUser        Kind = "user"
	KindQueue       Kind = "queue"
	KindTeam        Kind = "team"
	KindEquipment   Kind = "equipment"
	KindUnit        Kind = "unit" // business unit
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
	// Item is, of appointments, series, tasks and contacts, what is kept in step
	// with the user's calendars and address books; nil where it was not read.
	Item *RecordItem `json:"item,omitempty"`
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
	// Thread is the conversation index as the CRM keeps it, "" where it has none.
	Thread string `json:"thread,omitempty"`
	// Sent is when the message was sent or received, zero where that is unknown.
	Sent time.Time `json:"sent,omitzero"`
	// People are the addresses of sender and recipients, folded, as far as the
	// CRM tells them with the record.
	People []string `json:"people,omitempty"`
	// Pending: the CRM waits for somebody to send it (Pending Send, Sending).
	Pending bool `json:"pending,omitempty"`
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
// bear on email.
type Options struct {
	Filter     string `json:"filter,omitempty"`      // the user's own choice: all, replies, people, records, none; empty: unknown
	AutoCreate Kind   `json:"auto_create,omitempty"` // contact or lead: made for unknown senders (R-EMAIL-10); empty: neither

	TokenPrefixes   []string `json:"token_prefixes,omitempty"` // the current one first, then those used before; none: tokens are off
	TokenDigits     int      `json:"token_digits,omitempty"`   // digits of user number plus counter plus the online/offline digit
	TokenUserDigits int      `json:"token_user_digits,omitempty"`
	TokenBase       int      `json:"token_base,omitempty"` // added to the user's number (R-TOKEN-08)
	TokenUser       int      `json:"token_user,omitempty"` // the user's number, without the base

	CorrelateHeader bool `json:"correlate_header"`

	Smart             bool   `json:"smart,omitempty"`               // smart matching is on (R-TOKEN-03)
	SmartNoise        string `json:"smart_noise,omitempty"`         // regular expression of what is cut off a subject; empty: the default
	SmartMaxWords     int    `json:"smart_max_words,omitempty"`     // 0: 20
	SmartSubjectDelta int    `json:"smart_subject_delta,omitempty"` // R-TOKEN-20
	SmartMinPeople    int    `json:"smart_min_people,omitempty"`    // 0: 2

	MaxAttachment int64    `json:"max_attachment,omitempty"` // bytes; 0: unknown
	Blocked       []string `json:"blocked,omitempty"`        // attachment extensions, lower case, no dot
	MaxBody       int      `json:"max_body,omitempty"`       // characters of an email's text; 0: unknown
	UnresolveMany bool     `json:"unresolve_many,omitempty"` // R-EMAIL-16
	// ResolveOneByOne: an address that the user resolved once is not resolved
	// alike wherever else it stands unresolved (R-EMAIL-17).
	ResolveOneByOne bool `json:"resolve_one_by_one,omitempty"`
	ApplyToAll      bool `json:"apply_to_all,omitempty"`    // R-EMAIL-17
	SendUnresolved  bool `json:"send_unresolved,omitempty"` // R-EMAIL-18
	TwoActivities   bool `json:"two_activities,omitempty"`  // R-EMAIL-22
	MaxFolders      int  `json:"max_folders,omitempty"`     // tracked folders (R-FOLDER-02); 0: 25
	NoFolders       bool `json:"no_folders,omitempty"`      // the organization switched folder tracking off (R-FOLDER-01)

	// What bears on appointments, contacts and tasks. ThreeAddresses: business,
	// home and other address go, and not the mailing address alone (R-CONTACT-06).
	// Company: a card's company follows the parent account (R-REGARDING-06).
	ThreeAddresses bool   `json:"three_addresses,omitempty"`
	Company        bool   `json:"company,omitempty"`
	Zone           string `json:"zone,omitempty"` // of the user's settings, by its IANA name; empty: unknown

	Methods Methods `json:"methods,omitzero"`
	Tables  []Table `json:"tables,omitempty"`  // of the organization's own
	Creates []Kind  `json:"creates,omitempty"` // kinds of which the user may create records; nil: unknown
}

// May reports whether the user may create records of a kind, as far as is known.
func (o Options) May(k Kind) bool { return o.Creates == nil || slices.Contains(o.Creates, k) }

// Method is who moves a user's mail (R-METHOD-01).
type Method string

// The methods. The empty Method is not known.
const (
	MethodNone    Method = "none"
	MethodClient  Method = "client"  // a program at the user's desk, as this one
	MethodServer  Method = "server"  // server-side synchronization or the email router
	MethodForward Method = "forward" // a forward mailbox; incoming only
)

// Methods are the methods of the user's mailbox record.
type Methods struct {
	Mailbox   string `json:"mailbox,omitempty"` // the mailbox record's id; empty: there is none
	Incoming  Method `json:"in,omitempty"`
	Outgoing  Method `json:"out,omitempty"`
	ACT       Method `json:"act,omitempty"` // appointments, contacts and tasks
	MayChange bool   `json:"may_change,omitempty"`
}

// Table is a table of the organization's own that emails can be about, or that
// holds mail addresses.
type Table struct {
	Kind      Kind   `json:"kind"`
	Label     string `json:"label"`
	Plural    string `json:"plural"`
	Regarding bool   `json:"regarding,omitempty"` // emails can be about its records
	Addresses bool   `json:"addresses,omitempty"` // its records hold mail addresses (R-EMAIL-06)
}

// Template is an email template of the CRM (R-EMAIL-32).
type Template struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Kind     Kind   `json:"kind,omitempty"` // of the records it is filled for; empty: any
	Personal bool   `json:"personal,omitempty"`
}

// Filled is a template with the data of a record in it.
type Filled struct {
	Subject string
	HTML    string
}

// PendingEmail is an email that was written in the CRM and that it left to this
// client to send (R-EMAIL-25..27).
type PendingEmail struct {
	Ref         Ref
	ETag        string // after it was taken over
	Subject     string
	HTML        string
	From        Address
	To, Cc, Bcc []Address
	Regarding   Ref
	Token       string
	Attachments []Attachment
	Problem     string // why it can't be sent as it is, for people: a recipient without address
	// Doubt: it is Sending for longer than sending takes, and whoever took it
	// over has not said what became of it: another computer of the user, or an
	// earlier run that was cut off. It may have been sent; Problem says since
	// when. Only what is needed to recognise it is filled.
	Doubt bool
}
