// Package vobject reads and edits iCalendar (RFC 5545) and vCard (2.1, 3.0 as of
// RFC 2426, 4.0 as of RFC 6350) as what they are on the wire: content lines in
// nested components. It loses nothing: a line that is not edited comes out byte
// for byte as it came in, with its folds and its spelling, and one that can't be
// read is kept where it was. Nothing that a server holds makes it fail, or work
// longer than its length. A line that is made or edited is written as the version of
// its component has lines.
//
// What lines mean (times, people, recurrence) is not its business.
package vobject
