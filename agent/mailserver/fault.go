package mailserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"postrider/offline"
)

// DialFault is the fault for a connection that could not be made, or not be
// encrypted. host is the name that the certificate should bear.
func (p Scheme) DialFault(ctx context.Context, op, host string, err error) *offline.Fault {
	f := &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: err}
	if ctx.Err() != nil {
		return f
	}
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &unknown):
		f.Class, f.Text = offline.FaultTLS, "the certificate of "+host+" is signed by nobody that this computer trusts; if the authority is your own, name its certificate as ca_file; "+portal
	case errors.As(err, &name):
		f.Class, f.Text = offline.FaultTLS, "the certificate is not for "+host+"; use the name that the provider gives for the server; "+portal
	case errors.As(err, &record) && IsWeb(record.RecordHeader[:]):
		f.Text = WebText
	case errors.As(err, &invalid), errors.As(err, &verify):
		f.Class, f.Text = offline.FaultTLS, "the certificate of "+host+" is not valid"
	case errors.As(err, &record):
		f.Class, f.Text = offline.FaultTLS, fmt.Sprintf("the server does not speak TLS on this port; write %s:// if it is to be started there, or use the port for %ss:// (%s)", p.Name, p.Name, p.ImplicitPort)
	case errors.As(err, &alert):
		f.Class, f.Text = offline.FaultTLS, "the server refused the TLS connection"
	}
	return f
}

// Elsewhere is a fault if a connection that may be in clear text leads to
// another computer, whatever its name says.
func (a Address) Elsewhere(op string, conn net.Conn) error {
	if at, ok := conn.RemoteAddr().(*net.TCPAddr); ok && a.Security == Clear && !at.IP.IsLoopback() {
		return &offline.Fault{Class: offline.FaultTLS, Op: op, Text: fmt.Sprintf("%s is not this computer, and nothing is sent to others in clear", at.IP)}
	}
	return nil
}

// Printable is what a server said, fit for an error or a log: one line without
// control characters, not endless.
func Printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "..."
	}
	return strings.TrimSpace(s)
}

// portal is what else it may be that somebody else answers in the server's place.
const portal = "a network that wants a sign-in first, as in hotels and trains, answers so too: open a web page to see"

// WebText says that a web page answers where the mail server should: so do
// networks that want a sign-in first.
const WebText = "a web page answers in place of the mail server: this network may want you to sign in first; open a web page to see"

// IsWeb reports whether an answer begins as those of web servers do.
func IsWeb(answer []byte) bool {
	return bytes.HasPrefix(answer, []byte("HTTP/")) || bytes.HasPrefix(bytes.ToLower(answer), []byte("<htm")) || bytes.HasPrefix(bytes.ToLower(answer), []byte("<!doc"))
}
