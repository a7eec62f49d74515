// Package maild is the demo's IMAP server: one user, folders in memory, served
// through go-imap's imapserver.
//
// It keeps its own folders rather than imapmemserver's, because a sync agent is
// tried against it and must find what real servers do: special-use folders
// (RFC 6154), a UIDVALIDITY that differs from run to run, flags spelled as they
// were given, message bytes exactly as they came, EXAMINE that writes nothing,
// IDLE that loses no arrival between two commands, and no reader who holds up
// others while it is slow.
//
// It knows neither CONDSTORE nor QRESYNC (imapserver parses neither), so it
// stands for the plain server; Dovecot stands for the other kind in tests. It
// keeps nothing on disk and is for loopback only: clear text, one password.
package maild
