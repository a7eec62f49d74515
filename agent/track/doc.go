// Package track decides what becomes of a message: whether it is tracked by
// itself, why, what it is then about, and who its people are in the CRM.
//
// Everything here is a pure function on values. What a decision needs from the
// store or the CRM is looked up beforehand and handed over as Facts. The order
// is that of the rules: the never-track list is asked first; what is in the CRM
// already is known then; then the tracking filter accepts or leaves; then
// correlation finds the conversation.
//
// It does not fetch, keep or send anything; package agent does.
package track
