package merge

import (
	"postrider/offline"
)

// Deletion is a thing that was deleted on one side, and what is known of it.
type Deletion struct {
	Kind  offline.Kind
	Side  offline.Side        // where it was deleted
	State offline.RecordState // of the record
	// Owner: the record is the user's. Organizer: the user organizes the meeting.
	Owner, Organizer bool
	Past             bool // the appointment was over when it was deleted
	Done             bool // the task is completed on the item
	NoRight          bool // the user may not delete such records (R-DELETE-17)
	// Left: the record was not deleted; it left the user's filter, or the user may
	// no longer see it (R-FILTER-16).
	Left bool
	// Canceled: it was canceled in the CRM and not deleted.
	Canceled bool
}

// Verdict is what becomes of the other side.
type Verdict struct {
	Delete bool // otherwise it stays, unlinked
	// Linked: nothing happens at all; the pair goes on.
	Linked bool
	Rule   string // the rule that says so
}

// Deleted says what a deletion on one side means for the other. Nobody's thing
// is deleted unless a rule says so.
func Deleted(d Deletion) Verdict {
	for _, r := range deletions {
		if (r.kind == "" || r.kind == d.Kind || r.kind == offline.KindAppointment && d.Kind == offline.KindSeries) && (r.side == "" || r.side == d.Side) && r.when(d) {
			return Verdict{Delete: r.then == alsoDelete, Linked: r.then == nothing, Rule: r.rule}
		}
	}
	return Verdict{}
}

type outcome int

const (
	keepOther outcome = iota
	alsoDelete
	nothing
)

func open(d Deletion) bool   { return d.State == offline.RecordOpen || d.State == "" }
func always(Deletion) bool   { return true }
func mine(d Deletion) bool   { return d.Owner || d.Organizer }
func closed(d Deletion) bool { return !open(d) }

// deletions are the rules R-DELETE, the first that fits holds. Where the sources
// disagree: an appointment is deleted in the CRM for who owns or organizes it
// only (04), and in the calendars of all who have it (07); what the owner has of a
// contact stays (12); a contact that was deleted here does not come back by
// itself, it can be taken out of the list of what was deleted (10).
var deletions = []struct {
	rule string
	kind offline.Kind
	side offline.Side
	when func(Deletion) bool
	then outcome
}{
	{"R-DELETE-20", "", offline.SideRecord, func(d Deletion) bool { return d.Left }, keepOther},
	{"R-DELETE-21", offline.KindAppointment, offline.SideRecord, func(d Deletion) bool { return d.Canceled }, nothing},
	{"R-DELETE-01", offline.KindEmail, offline.SideItem, always, keepOther},
	{"R-DELETE-02", offline.KindEmail, offline.SideRecord, always, keepOther},
	{"R-DELETE-17", "", offline.SideItem, func(d Deletion) bool { return d.NoRight }, keepOther},
	{"R-DELETE-05", offline.KindAppointment, offline.SideItem, closed, keepOther},
	{"R-DELETE-03", offline.KindAppointment, offline.SideItem, mine, alsoDelete},
	{"R-DELETE-04", offline.KindAppointment, offline.SideItem, always, keepOther},
	{"R-DELETE-08", offline.KindAppointment, offline.SideRecord, func(d Deletion) bool { return d.Past || closed(d) }, keepOther},
	{"R-DELETE-06", offline.KindAppointment, offline.SideRecord, mine, alsoDelete},
	{"R-DELETE-07", offline.KindAppointment, offline.SideRecord, always, alsoDelete},
	{"R-DELETE-09", offline.KindContact, offline.SideItem, always, keepOther},
	{"R-DELETE-12", offline.KindContact, offline.SideRecord, func(d Deletion) bool { return d.Owner }, keepOther},
	{"R-DELETE-11", offline.KindContact, offline.SideRecord, always, alsoDelete},
	{"R-DELETE-14", offline.KindTask, offline.SideItem, closed, keepOther},
	{"R-DELETE-13", offline.KindTask, offline.SideItem, always, alsoDelete},
	{"R-DELETE-16", offline.KindTask, offline.SideRecord, func(d Deletion) bool { return d.Done }, keepOther},
	{"R-DELETE-15", offline.KindTask, offline.SideRecord, always, alsoDelete},
}

// Hold reports whether deletions of one side are to wait for the user: more than
// ten of a kind at once, or more than two that are over a tenth of all.
func Hold(gone, all int) bool { return gone > 10 || gone > 2 && gone*10 > all }

// Untracking is the user's wish that an item and its record be two things again.
type Untracking struct {
	Kind   offline.Kind
	Delete bool // the record, too
	Owner  bool // the record is the user's
	Past   bool // the appointment is over
}

// Untrack says whether the record is deleted with it; why not is for people. The
// item always stays (R-UNTRACK-06). Of R-UNTRACK-05 the plausible half is
// followed: a contact of somebody else is not deleted.
func Untrack(u Untracking) (deleteRecord bool, whyNot string) {
	switch {
	case !u.Delete:
		return false, ""
	case u.Kind == offline.KindContact && !u.Owner:
		return false, "the contact in the CRM belongs to somebody else and stays"
	case (u.Kind == offline.KindAppointment || u.Kind == offline.KindSeries) && !u.Owner:
		return false, "the appointment in the CRM belongs to somebody else and stays"
	case (u.Kind == offline.KindAppointment || u.Kind == offline.KindSeries) && u.Past:
		return false, "the appointment is over and stays in the CRM"
	}
	return true, "" // R-UNTRACK-02..04
}
