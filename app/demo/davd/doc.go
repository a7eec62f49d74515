// Package davd is the demo's server for calendars, task lists and address books:
// CalDAV and CardDAV as far as programs need them to sync, with sync tokens
// (RFC 6578), in memory, for one user with a password.
//
// It stores what it is given byte for byte, mails nobody, and answers no
// searches: who wants a part of a collection reads all of it.
package davd
