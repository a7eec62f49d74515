package mailserver

import (
	"errors"
	"net"
	"strings"
)

// Auth is how to sign in.
type Auth int

// The ways to sign in. Auto takes the secret for a password where the server
// accepts passwords, and for an OAuth2 access token where it does not.
const (
	Auto Auth = iota
	Password
	XOAUTH2
	OAUTHBEARER
)

// Mechanism signs in by one SASL mechanism. It is used for one attempt.
type Mechanism struct {
	Name string
	// Initial is what can be sent with the command or, where the protocol or the
	// server does not allow that, as the answer to the first challenge.
	Initial []byte
	// Why is what the server said of its refusal in a challenge.
	Why string

	answers []string // to the challenges behind the initial response
}

// Start and Next are go-sasl's interface of a client, where the initial
// response goes with the command.

// Start gives the name and the initial response, nil if there is none.
func (m *Mechanism) Start() (name string, initial []byte, err error) {
	return m.Name, m.Initial, nil
}

// Next answers a challenge. One more than the mechanism has says why the server
// refuses a token; its answer lets the server end the exchange (RFC 7628 section
// 3.2.3). An error: the exchange makes no sense and is to be broken off.
func (m *Mechanism) Next(challenge []byte) ([]byte, error) {
	if len(m.answers) == 0 {
		m.Why = Printable(string(challenge))
		switch m.Name {
		case "OAUTHBEARER":
			return []byte{1}, nil
		case "XOAUTH2":
			return []byte{}, nil
		}
		return nil, errors.New("the server asks for more than a name and a password")
	}
	answer := m.answers[0]
	m.answers = m.answers[1:]
	return []byte(answer), nil
}

// Choose picks the mechanism for a server that offers what offers says; nil if
// a password is to be used and the server takes none by SASL.
func (a Auth) Choose(offers func(name string) bool, user, secret, addr string) *Mechanism {
	password := offers("PLAIN") || offers("LOGIN")
	switch {
	case a == XOAUTH2:
		return xoauth2(user, secret)
	case a == OAUTHBEARER:
		return bearer(user, secret, addr)
	case a == Auto && !password && offers("OAUTHBEARER"):
		return bearer(user, secret, addr)
	case a == Auto && !password && offers("XOAUTH2"):
		return xoauth2(user, secret)
	case offers("PLAIN"):
		return &Mechanism{Name: "PLAIN", Initial: []byte("\x00" + user + "\x00" + secret)} // RFC 4616
	case offers("LOGIN"):
		return &Mechanism{Name: "LOGIN", answers: []string{user, secret}}
	}
	return nil
}

// xoauth2 is the mechanism XOAUTH2, as Google and Microsoft document it.
func xoauth2(user, token string) *Mechanism {
	return &Mechanism{Name: "XOAUTH2", Initial: []byte("user=" + user + "\x01auth=Bearer " + token + "\x01\x01")}
}

// bearer is the mechanism OAUTHBEARER (RFC 7628 section 3.1).
func bearer(user, token, addr string) *Mechanism {
	s := "n,a=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(user) + ",\x01"
	if host, port, err := net.SplitHostPort(addr); err == nil {
		s += "host=" + host + "\x01port=" + port + "\x01"
	}
	return &Mechanism{Name: "OAUTHBEARER", Initial: []byte(s + "auth=Bearer " + token + "\x01\x01")}
}
