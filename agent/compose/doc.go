// Package compose writes mail: a Mail becomes a message as it goes out, and an
// answer or a forward begins as a Draft made from what it answers.
//
// What Write writes is 7-bit clean whatever is in the Mail, so that no server on
// the way has a reason to recode it, and no line is longer than 998 bytes (RFC
// 5322 section 2.1.1). Only an address whose local part is not ASCII can't be
// written so; NeedsUTF8 tells. What package message reads of it is what was in
// the Mail.
//
// Nothing that a Mail holds can break out of its field: line ends and control
// characters in subjects, names and file names are blanks, and an address that
// has them is an error. The same Mail gives the same bytes: boundaries follow
// from its identity.
//
// The package is pure: no network, no store, no clock; what is random is handed
// in as a reader. It does not sign, encrypt or send.
package compose
