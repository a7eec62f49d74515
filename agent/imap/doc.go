// Package imap reads a mailbox over IMAP (RFC 3501 and 9051, with CONDSTORE and
// QRESYNC of RFC 7162, ESEARCH, SPECIAL-USE, LIST-STATUS, OBJECTID and IDLE where
// the server has them).
//
// Reading, it changes nothing: folders are opened with EXAMINE, bodies fetched
// with PEEK. It writes where it is told to, and only this: keywords are set and
// taken away (SetKeywords), messages are added (Append). It never moves, deletes
// or expunges, and touches no other flag. It keeps nothing between runs; what was
// found is handed to the caller in batches, each with the cursor from which to
// go on.
//
// How it is built, from the bottom:
//
//  1. wire is the connection: it owns the deadlines (by progress, not by the
//     clock), bounds lines, keeps from go-imap what go-imap would die of, and
//     lifts out what it would throw away (ALERT, BYE, VANISHED).
//  2. login greets, starts TLS, signs in and enables extensions, by itself; go-imap
//     gets a connection that is signed in.
//  3. session has the few commands we use, each bound to a context.
//  4. fetcher gets messages for UIDs, and finds those that can't be had: what is
//     not answered is asked again by sequence number, what breaks the
//     connection or the parser is found by bisection and set aside.
//  5. exchange speaks the commands that go-imap has no words for, beside it.
//  6. Sync, Bodies, Folders, Idle and the rest are made of these; lane says
//     which connection each of them uses, and wake how one that died without a
//     word is noticed.
//
// Envelopes and body structures are never asked for: servers get them wrong in
// too many ways. Headers are fetched and read by agent/message.
package imap
