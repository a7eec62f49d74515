// Package mailserver holds what reaching an IMAP and an SMTP server have in
// common: how their addresses are written, how the connection is protected, the
// mechanisms by which one signs in, and how it is said what went wrong with
// these. It opens no connection.
package mailserver
