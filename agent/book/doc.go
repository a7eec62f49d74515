// Package book is the address book for writing mail offline: who can be written
// to, found by the beginning of any word of a name, a company or an address
// (Complete). The records that a message can be about are found in the same way
// (Find), whether or not they hold an address. It is pure: it is given records
// and keeps what it needs of them in memory.
//
// How it works:
//
//  1. An Entry is one address of one record, or an address that the user has
//     written to and that no record holds, or a record without an address.
//  2. Entries are kept in the order in which they are offered: those written to
//     first, the recent and frequent before the old and rare; then by kind of
//     record, then by name. So a search only marks what fits and reads the
//     marks from the front.
//  3. Words are folded (see Fold) and sorted; each leads to its entries. The
//     beginning of a word is a run of neighbours.
//  4. A change makes a new snapshot that shares the large, sorted part with the
//     one before: entries that changed are marked dead there and lie beside it.
//     When there are many of those, everything is sorted anew.
//
// Readers take a snapshot and never wait; writers come one at a time. It
// answers who holds an address for display only: a message's parties are
// resolved from the store, where every record is, whatever the book's scope.
package book
