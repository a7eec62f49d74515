// Package message reads mail: a header block becomes an offline.Message, a
// whole message becomes text, HTML and attachments.
//
// Mail in the wild breaks every rule there is, and a message that can't be read
// is a message that can't be tracked. So nothing here fails on what is in a
// message: Header has no error at all, Read reports only that its input could
// not be read to the end, and says in notes what it had to leave out. Everything
// is bounded (see Limits), so a hostile message costs a bounded amount of time
// and memory.
//
// The package is pure: no network, no store, no clock. It does not verify
// signatures, does not decrypt, and never loads anything that a message points
// at.
package message
