// Package demo is a small world on loopback: the mailbox of Ann Lindqvist, who
// sells machine tools, a server that sends her mail, and her company's
// organization, with customers in it and mail that she and her colleagues have
// tracked. While it runs, mail goes on arriving, some of it in answer to what
// was tracked.
//
// All of it is real protocol on real sockets, so the program is tried as it is
// used; nothing of it is real otherwise. Names end in .example and .test, the
// ports, the password and the token are new at each start, and what arrives in
// the mailbox is gone when the world is closed.
//
// It is not a mail server for anybody else: it listens on loopback only, takes
// passwords in clear text, and passes mail on to nobody.
package demo
