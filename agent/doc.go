// Package agent is the sync agent: it knows what to do and when.
//
// One sync has four steps, each of which may be cut at any instant and run
// again:
//
//  1. Pull: what changed in the CRM and in the mailbox comes into the store,
//     with the cursors that cover it in the same transaction.
//  2. Decide: package track says what becomes of each undecided message; the
//     outcome is states, links and changes, in one transaction per batch.
//  3. Push: the queue is carried out. A change leaves the queue in the
//     transaction that records the server's answer.
//  4. Report: counts, and the problems that a user can see.
//
// Run does a catch-up first and then goes on as the servers' pushes, a timer
// and the user ask for it. One goroutine owns the sync; what the user does
// (Track, Untrack, SetRegarding) is written to the store by the caller and only
// then carried over by that goroutine.
//
// Appointments, contacts and tasks are read from directories into the store, too;
// nothing is decided or written about them yet.
//
// Servers are reached through the interfaces Mailbox and CRM, which the
// adapters below this folder implement; package agent speaks no protocol.
package agent
