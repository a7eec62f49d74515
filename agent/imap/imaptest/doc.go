// Package imaptest holds what it takes to test a mailbox adapter: a private
// Dovecot, a scripted server that misbehaves on purpose, a hand that changes a
// mailbox behind the adapter's back, and one conformance suite that every
// server the adapter is used with has to pass.
//
// It is for tests and benchmarks only; the program does not import it.
package imaptest
