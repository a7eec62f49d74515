package mailserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Security is how the connection is protected.
type Security int

// The ways to protect a connection.
const (
	Implicit Security = iota // TLS from the first byte (imaps://, smtps://)
	StartTLS                 // TLS is started, or the connection is given up
	Clear                    // STARTTLS where it is offered, else clear text; loopback addresses only
)

// Address is where a server is, and who signs in to it.
type Address struct {
	Addr     string // host:port
	Security Security
	User     string // empty: not said
}

// Scheme names a protocol in addresses: "imap" for imap:// and imaps://.
type Scheme struct {
	Name               string
	Port, ImplicitPort string // where none is given
}

// Parse reads "imaps://user@host:port" (TLS) and "imap://user@host:port"
// (STARTTLS; on a loopback address clear text where the server does not offer
// it), for this scheme. The user name may have an @ in it, as it is or as %40,
// and may be missing.
func (p Scheme) Parse(s string) (Address, error) {
	var a Address
	how := p.Name + "s://user@host:port"
	u, err := url.Parse(s)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the URL, which could bear a password
		}
		return a, fmt.Errorf("%s: the address can't be read: %w; write %s", p.Name, err, how)
	}
	port := ""
	switch u.Scheme {
	case p.Name + "s":
		a.Security, port = Implicit, p.ImplicitPort
	case p.Name:
		a.Security, port = StartTLS, p.Port
	default:
		return a, fmt.Errorf("%s: the address begins with %q; write %s or %s://user@host:port", p.Name, u.Scheme+":", how, p.Name)
	}
	if _, has := u.User.Password(); has {
		return a, fmt.Errorf("%s: the address has a password in it; take it out (what is behind the first colon of the user name), Postrider asks for it or runs a command that prints it", p.Name)
	}
	if u.Hostname() == "" {
		return a, fmt.Errorf("%s: the address names no host; write %s", p.Name, how)
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return a, fmt.Errorf("%s: the address has something behind the port; write %s", p.Name, how)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	a.Addr = net.JoinHostPort(u.Hostname(), port)
	a.User = u.User.Username()
	if a.Security == StartTLS && Loopback(u.Hostname()) {
		a.Security = Clear
	}
	return a, nil
}

// Check refuses an address that can't work or would be reached in clear text
// though it may be another computer's.
func (p Scheme) Check(a Address) error {
	host, _, err := net.SplitHostPort(a.Addr)
	if err != nil {
		return fmt.Errorf("%s server %q: write host:port: %w", p.Name, a.Addr, err)
	}
	if a.Security == Clear && !Loopback(host) {
		return fmt.Errorf("%s server %q: clear text is allowed to this computer only; use %ss://, or %s:// with a server that starts TLS", p.Name, a.Addr, p.Name, p.Name)
	}
	return nil
}

// TLS is c (which may be nil) made ready for the server at addr.
func TLS(c *tls.Config, addr string) *tls.Config {
	if c == nil {
		c = &tls.Config{}
	}
	c = c.Clone()
	if c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(addr)
	}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return c
}

// Loopback reports whether host can only be this computer.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
