// Package offline is the ground floor of Postrider: the types that every other
// package speaks in, and the one place where anything is kept.
//
// A profile is a folder with one bbolt file (store.db) and a folder of message
// bodies beside it. Everything in both is encrypted with one 32-byte key that
// the caller holds (the system keyring, normally); bucket keys that could be
// guessed, such as addresses and Message-IDs, are HMACs. What stays readable in
// the file is its shape: how many rows there are, their sizes, their dates.
//
// Guarantees:
//
//   - A Store method or transaction that returned nil is on disk.
//   - A transaction is all or nothing, also through kill -9 and power loss.
//   - A store that can't be read (wrong key, damage, newer schema, in use) is
//     refused with an error that names the file and the remedy; it is never
//     overwritten and never half opened.
//   - Watchers hear of a change after its commit, never before.
//
// It is not a cache that may be thrown away (the queue of changes lives here),
// it makes no decisions, and it knows no network: package agent decides what is
// written, the adapters under agent/ talk to servers.
package offline
