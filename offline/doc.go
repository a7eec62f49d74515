// Package offline is the ground floor of Postrider: the types that every other
// package speaks in, and the one place where anything is kept.
//
// A profile is a folder with one bbolt file (store.db) and a folder of message
// bodies beside it. Open opens it; View and Update run transactions on it; Watch
// tells what each commit changed.
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
// # What is secret
//
// Everything in both is encrypted with one 32-byte key that the caller holds
// (the system keyring, normally). From it and the store's salt HKDF-SHA256 makes
// keys of their own for rows (XChaCha20-Poly1305, bound to table and key, so that
// a row can't be altered or moved), for bodies, and for index keys: what could be
// guessed, such as addresses, Message-IDs, record ids and lanes, is an HMAC there.
// What stays readable is the shape: how many rows each table has, their sizes,
// when messages were sent and in which folder number they lie. Somebody who can
// write to the file can put back an older version of it whole, and can disturb
// the indexes, which Check finds.
//
// # How it grows
//
// The schema version is the number of migrations a store has been through. Rows
// of types may get new fields at any time: messages and records are written with
// numbered fields (codec.go), everything else as JSON, and both skip what they
// don't know and leave zero what isn't there.
//
// It is not a cache that may be thrown away (the queue of changes lives here),
// it makes no decisions, and it knows no network: package agent decides what is
// written, the adapters under agent/ talk to servers.
package offline
