package imap

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	goimap "github.com/emersion/go-imap/v2"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// classOfCode is the class of a refusal by its response code (RFC 5530, and what
// large providers add).
func classOfCode(code string) (offline.FaultClass, bool) {
	switch strings.ToUpper(code) {
	case "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "WEBALERT":
		return offline.FaultAuth, true
	case "PRIVACYREQUIRED":
		return offline.FaultTLS, true
	case "UNAVAILABLE", "INUSE", "SERVERBUG":
		return offline.FaultServer, true
	case "LIMIT", "OVERQUOTA", "THROTTLED":
		return offline.FaultThrottled, true
	case "NOPERM", "CONTACTADMIN":
		return offline.FaultDenied, true
	case "NONEXISTENT":
		return offline.FaultNotFound, true
	case "CANNOT", "CORRUPTION", "UNKNOWN-CTE":
		return offline.FaultRejected, true
	case "CLIENTBUG", "BADCHARSET", "PARSE":
		return offline.FaultProtocol, true
	}
	return "", false
}

// refusal is the fault for a NO or BAD; otherwise is its class where no code
// tells.
func refusal(op, typ, code, text string, otherwise offline.FaultClass) *offline.Fault {
	class, ok := classOfCode(code)
	if !ok {
		class = otherwise
		if typ == "BAD" {
			class = offline.FaultProtocol
		}
	}
	return &offline.Fault{Class: class, Op: op, Code: strings.ToUpper(code), Text: "the server says: " + mailserver.Printable(text)}
}

// refused reads go-imap's error for NO and BAD, nil if err is another.
func refused(err error) *goimap.Error {
	var e *goimap.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// broken is the fault for a connection that ended: why, and what the server said
// at the end. parser is go-imap's error, which counts if nothing else ended the
// connection.
func broken(ctx context.Context, op string, cause error, bye string, parser error) *offline.Fault {
	f := &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: cause}
	if err := ctx.Err(); err != nil {
		f.Err = err
		return f
	}
	switch {
	case bye != "":
		f.Class, f.Text = offline.FaultServer, "the server closed the connection and says: "+bye
	case cause == nil:
		f.Class, f.Err = offline.FaultProtocol, parser
		f.Text = "the server's answer makes no sense"
	case errors.Is(cause, io.EOF) || errors.Is(cause, io.ErrUnexpectedEOF):
		f.Text = "the server closed the connection"
	case errors.Is(cause, errSilent):
	case !isNetwork(cause):
		f.Class = offline.FaultProtocol
	}
	return f
}

func isNetwork(err error) bool {
	var ne net.Error
	var oe *net.OpError
	return errors.As(err, &ne) || errors.As(err, &oe) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, errSilent)
}
