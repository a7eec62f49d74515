// Package story is what happens in the demo: the people around Ann Lindqvist, who
// sells machine tools at a small maker in Småland, the records that her
// company's CRM has on them, and about two hundred messages of the last three
// months, with some more that arrive later.
//
// The texts lie under text/, one file per customer or subject, in a small
// format that parse.go describes; routine.go adds the mail nobody writes
// (newsletters, order confirmations, automatic replies). render.go turns both
// into message bytes, on purpose in as many charsets, encodings and shapes as
// real mailboxes hold.
//
// A story is a pure function of the time it is told and a seed: the same two
// give the same bytes. All people and companies are made up, all addresses end
// in .example or .test.
package story
