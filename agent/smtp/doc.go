// Package smtp hands messages to the user's mail server for submission (RFC
// 5321 and 6409, with STARTTLS, AUTH, SIZE, 8BITMIME and SMTPUTF8).
//
// A message goes to all of its recipients or to none. What went wrong is told as
// an *offline.Fault, whose class says what can be done:
//
//	network, throttled   nothing was sent; try again later
//	auth, tls            nothing was sent; the user has to see to the account
//	denied, rejected     nothing was sent and nothing will be as it is
//	protocol             nothing was sent; the answers make no sense
//	doubt                the message was handed over whole and no answer came,
//	                     or one that makes no sense: it may have been sent
//
// Doubt is what SMTP leaves open (RFC 5321 section 4.5.3.2.6, RFC 1047): between
// the final dot and the server's answer nobody but the server knows. Everywhere
// else a failed attempt is known to have sent nothing, because a server takes a
// message only with that dot.
//
// How it is built: wire is the connection and owns the deadlines, by progress
// and not by the clock; greet takes a fresh connection through greeting and TLS;
// go-smtp speaks from there. There is one connection for each message: what is
// sent by hand is rare, and a connection that was kept can be dead when it is
// needed.
package smtp
