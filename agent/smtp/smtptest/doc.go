// Package smtptest has mail servers for tests: a scripted one that fails where
// it is told to, and a private Postfix.
package smtptest
