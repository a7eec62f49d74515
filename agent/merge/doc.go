// Package merge decides what becomes of appointments, contacts and tasks that
// are both in the user's calendars and address books (items) and in the CRM
// (records): which field goes which way, what two changes of one thing come to,
// what a deletion on one side means for the other, which items go up, and which
// item and record are the same thing when they meet for the first time.
//
// It is pure: it is given neutral forms (offline.Fields) and gives decisions. It
// reads no store, knows no clock, and neither the texts of calendars nor the
// columns' types of any CRM; those are the adapters' business. Nor does it know
// email, of which the package track decides.
package merge
