// Package itemtext reads the texts of items, which are iCalendar (VEVENT, VTODO:
// RFC 5545) and vCard (2.1, 3.0, 4.0), into the words of their neutral form, and
// edits words in them. An edit changes the lines of its words and no others: what
// other programs wrote, and what we don't know, stays byte for byte.
//
// It decides nothing (package merge does), and is pure but for the clock that
// stamps what it edits.
package itemtext
