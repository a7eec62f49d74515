// Package dav reads and writes calendars, task lists and address books over
// CalDAV (RFC 4791) and CardDAV (RFC 6352).
//
// It keeps nothing between runs: what was found is handed over in batches, each
// with the cursor from which to go on. Items are bytes here; what they mean is
// for others to read.
//
// How it is built, from the bottom:
//
//  1. carry sends one request: it signs in (Basic, Digest, Bearer), follows
//     redirects with method and body, never lets a password go where it was not
//     meant for, watches that something moves, and counts.
//  2. multistatus reads an answer one response at a time, within bounds of size
//     and depth. What is wrong with one response stays with that response.
//  3. find goes from an address to the principal and the home sets; Collections
//     lists what is in them. Discover finds the address, from an email address
//     (RFC 6764), and needs no password for it.
//  4. Pull asks what changed, by sync token (RFC 6578) where the server has
//     them, by CTag and a listing of ETags where not, and fetches that by
//     multiget in batches. What a multiget leaves out is asked for again, one by
//     one, so that "gone" and "not to be had" are never mixed up.
//  5. Put and Delete write on condition that nobody else has, and believe what
//     the server says it made of it.
//
// No write here makes a server mail anybody: where the server sends invitations
// by itself (RFC 6638), Put and Delete either keep it from doing so or refuse
// with ErrWouldMail.
//
// Failures are *offline.Fault. A resource that can't be read never fails a Pull:
// it is handed over as broken, with its reason.
package dav
