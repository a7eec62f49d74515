package merge

import (
	"postrider/offline"
)

// Direction says which way the value of a field goes.
type Direction string

// The directions (R-FIELD).
const (
	Both Direction = "both"
	Up   Direction = "up"   // from the item to the record
	Down Direction = "down" // from the record to the item
	None Direction = "none"
)

// Field is a row of a field table: a word of the neutral form, the column in the
// CRM that holds it, and the way that it goes.
type Field struct {
	Word   string
	Name   string // as people call it
	Column string // of Dataverse; several, where a word is spread over columns, as "a, b"
	// Default is the direction where the organization says nothing; with Fixed it
	// can't say anything.
	Default Direction
	Fixed   bool
	// Limit is the longest text that the CRM takes where it does not say itself,
	// in UTF-16 units; 0: none.
	Limit int
	// Needed: what is new can't do without it, so that it goes along whatever the
	// direction (R-FIELD-03).
	Needed bool
	same   func(a, b string) bool // nil: sameText
	join   joiner                 // of values that are lists; nil: the value is one
}

// Table is the field table of a kind: R-FIELD-10 for appointments, -11 for
// series, -13 for tasks, -15 for contacts. It is not to be changed.
func Table(kind offline.Kind) []Field {
	switch kind {
	case offline.KindAppointment:
		return appointmentFields
	case offline.KindSeries:
		return seriesFields
	case offline.KindTask:
		return taskFields
	case offline.KindContact:
		return contactFields
	}
	return nil
}

// meeting are the fields that appointments and series have in common. What the
// organization has no say in is fixed.
var meeting = []Field{
	{Word: offline.WordSubject, Name: "Subject", Column: "subject", Default: Both, Limit: 200, Needed: true, same: sameLine},
	{Word: "body", Name: "Body", Column: "description", Default: Both},
	{Word: "location", Name: "Location", Column: "location", Default: Both, Limit: 200, same: sameLine},
	{Word: "importance", Name: "Importance", Column: "prioritycode", Default: Both, Fixed: true},
	{Word: offline.WordOptional, Name: "Optional attendees", Column: "optionalattendees", Default: Both, Fixed: true, same: samePeople, join: joinPeople},
	{Word: offline.WordOrganizer, Name: "Organizer", Column: "organizer", Default: Both, Fixed: true, same: sameOrganizer},
	{Word: offline.WordRegarding, Name: "Regarding", Column: "regardingobjectid", Default: Both, Fixed: true},
	{Word: offline.WordRequired, Name: "Required attendees", Column: "requiredattendees", Default: Both, Fixed: true, same: samePeople, join: joinPeople},
	{Word: offline.WordShow, Name: "Show time as", Column: "statecode, statuscode", Default: Both, Fixed: true},
}

var (
	// Attachments of appointments are not carried: the organization's setting for
	// them is off unless somebody switches it on (R-APPT-03).
	appointmentFields = append(clone(meeting),
		Field{Word: offline.WordTime, Name: "Time", Column: "scheduledstart, scheduledend, isalldayevent", Default: Both, Fixed: true, Needed: true})

	seriesFields = append(withLimit(meeting, "body", 2000),
		Field{Word: offline.WordTime, Name: "Time", Column: "starttime, endtime, isalldayevent", Default: Both, Fixed: true, Needed: true},
		Field{Word: offline.WordZone, Name: "Time zone", Column: "utcconversiontimezonecode", Default: Both, Fixed: true, Needed: true, same: sameZone},
		Field{Word: offline.WordRecurrence, Name: "Recurrence", Column: "recurrencepatterntype", Default: Both, Fixed: true, Needed: true, join: joinOccurrences})

	taskFields = []Field{
		{Word: "start", Name: "Start date", Column: "scheduledstart", Default: Both},
		{Word: "due", Name: "Due date", Column: "scheduledend", Default: Both}, // behind the start, of which it may be made
		{Word: "percent", Name: "% complete", Column: "percentcomplete", Default: Both},
		{Word: "completed", Name: "Date completed", Column: "actualend", Default: Both},
		{Word: "importance", Name: "Importance", Column: "prioritycode", Default: Both, Fixed: true},
		{Word: "body", Name: "Notes", Column: "description", Default: Both, Limit: 2000},
		{Word: offline.WordRegarding, Name: "Regarding", Column: "regardingobjectid", Default: Both, Fixed: true},
		{Word: offline.WordStatus, Name: "Status", Column: "statecode, statuscode", Default: Both, Fixed: true},
		{Word: offline.WordSubject, Name: "Subject", Column: "subject", Default: Both, Limit: 200, Needed: true, same: sameLine},
	}
)

func clone(fields []Field) []Field { return append([]Field(nil), fields...) }

func withLimit(fields []Field, word string, n int) []Field {
	fields = clone(fields)
	for i := range fields {
		if fields[i].Word == word {
			fields[i].Limit = n
		}
	}
	return fields
}

// find returns the field of a word.
func find(kind offline.Kind, word string) (Field, bool) {
	for _, f := range Table(kind) {
		if f.Word == word {
			return f, true
		}
	}
	return Field{}, false
}
