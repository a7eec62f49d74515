package dav

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"postrider/offline"
)

// classOf is the class of an answer by its status (RFC 9110 section 15, RFC 4918
// section 11).
func classOf(status int) offline.FaultClass {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return offline.FaultAuth
	case http.StatusForbidden:
		return offline.FaultDenied
	case http.StatusNotFound, http.StatusGone:
		return offline.FaultNotFound
	case http.StatusRequestTimeout:
		return offline.FaultNetwork
	case http.StatusPreconditionFailed:
		return offline.FaultStale
	case http.StatusTooManyRequests:
		return offline.FaultThrottled
	case http.StatusLocked, http.StatusInsufficientStorage: // passes, or is for the user to clear
		return offline.FaultServer
	case http.StatusNotImplemented:
		return offline.FaultProtocol
	}
	switch {
	case status >= 500:
		return offline.FaultServer
	case status >= 400:
		return offline.FaultRejected
	}
	return offline.FaultProtocol
}

// classOfCondition is the class by the precondition that the server names, where
// that says more than the status (RFC 4791 section 1.3, RFC 6352 section 6.3.2.1,
// RFC 6578 section 3.2).
func classOfCondition(code string) (offline.FaultClass, bool) {
	switch code {
	case "valid-sync-token":
		return offline.FaultExpired, true
	case "no-uid-conflict":
		return offline.FaultExists, true
	case "need-privileges", "allowed-organizer-scheduling-object-change", "allowed-attendee-scheduling-object-change":
		return offline.FaultDenied, true
	case "quota-not-exceeded", "sufficient-disk-space":
		return offline.FaultServer, true
	case "supported-calendar-data", "valid-calendar-data", "valid-calendar-object-resource", "supported-calendar-component",
		"supported-address-data", "valid-address-data", "max-resource-size", "max-instances", "max-attendees-per-instance",
		"min-date-time", "max-date-time", "same-organizer-in-all-components", "unique-scheduling-object-resource":
		return offline.FaultRejected, true
	}
	return "", false
}

// tooMany is the condition that an answer would be longer than the server makes
// them (RFC 5323 section 5.17, RFC 6578 section 3.2, RFC 6352 section 8.6).
const tooMany = "number-of-matches-within-limits"

// maxRefusal bounds how much of a refusal is read.
const maxRefusal = 256 << 10

// refusal is the fault for an answer that is not a success. body is its start.
func refusal(op string, resp *http.Response, body []byte, now time.Time) *offline.Fault {
	f := &offline.Fault{Op: op, Class: classOf(resp.StatusCode)}
	f.Code, f.Text = errorBody(resp.Header.Get("Content-Type"), body)
	if class, ok := classOfCondition(f.Code); ok && resp.StatusCode != http.StatusUnauthorized {
		f.Class = class
	}
	if f.Code == "quota-not-exceeded" || f.Code == "sufficient-disk-space" || resp.StatusCode == http.StatusInsufficientStorage && resp.Request.Method == http.MethodPut {
		f.Text = "the server has no room left for it"
	}
	if f.Text == "" {
		f.Text = strings.TrimSpace(fmt.Sprintf("the server answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
	}
	if f.Code == "" {
		f.Code = strconv.Itoa(resp.StatusCode)
	} else {
		f.Text += " (" + f.Code + ")"
	}
	if f.Class == offline.FaultThrottled || resp.StatusCode == http.StatusServiceUnavailable {
		f.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), now)
	}
	return f
}

// errorBody takes the precondition and the text out of a DAV error (RFC 4918
// section 14.5), and a short plain text as it is.
func errorBody(contentType string, body []byte) (code, text string) {
	mt, _, _ := mime.ParseMediaType(contentType)
	if mt == "text/plain" && len(body) < 300 {
		return "", printable("the server says: " + string(body))
	}
	if !strings.HasSuffix(mt, "xml") {
		return "", ""
	}
	s := newScan(bytes.NewReader(body), maxRefusal)
	root, err := s.element()
	if err != nil || root.name.Local != "error" {
		return "", ""
	}
	for _, k := range root.kids {
		switch k.name.Local {
		case "message", "responsedescription", "exception": // sabre/dav and others say more there
			if k.text != "" && k.name.Local == "message" {
				text = printable("the server says: " + k.text)
			}
		default:
			if code == "" && (k.name.Space == nsDAV || k.name.Space == nsCal || k.name.Space == nsCard) {
				code = k.name.Local
			}
		}
	}
	return code, text
}

// carryFault classifies a failure to carry a request there and its answer back.
func carryFault(ctx context.Context, op string, err error) *offline.Fault {
	var f *offline.Fault
	if errors.As(err, &f) {
		return f
	}
	if cause := context.Cause(ctx); cause != nil {
		return &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: cause}
	}
	err = unURL(err)
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		syntax  *xml.SyntaxError
	)
	f = &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: err}
	switch {
	case errors.As(err, &unknown):
		f.Class, f.Text = offline.FaultTLS, "the server's certificate is signed by nobody that this computer trusts; if the authority is your own, name its certificate as ca_file"
	case errors.As(err, &name):
		f.Class, f.Text = offline.FaultTLS, "the certificate is not for this server; use the name that the provider gives for it"
	case errors.As(err, &invalid), errors.As(err, &verify):
		f.Class, f.Text = offline.FaultTLS, "the server's certificate is not valid"
	case errors.As(err, &record):
		f.Class, f.Text = offline.FaultTLS, "the server does not speak TLS on this port"
	case errors.As(err, &alert):
		f.Class, f.Text = offline.FaultTLS, "the server refused the TLS connection"
	case errors.Is(err, errTooLarge), errors.Is(err, errTooDeep):
		f.Class = offline.FaultProtocol
	case errors.As(err, &syntax):
		if strings.Contains(syntax.Msg, "unexpected EOF") {
			f.Text = "the server's answer ends in the middle"
			break
		}
		f.Class, f.Text = offline.FaultProtocol, "the server's answer makes no sense"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Text = "the server closed the connection"
	}
	return f
}

// unURL takes the address out of an error: paths bear names, which belong in no
// log.
func unURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func retryAfter(v string, now time.Time) time.Duration {
	if n, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && n > 0 && n < 1e6 {
		return time.Duration(n * float64(time.Second))
	}
	if t, err := http.ParseTime(v); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// protocol is a fault for an answer that makes no sense.
func protocol(op, text string) *offline.Fault {
	return &offline.Fault{Class: offline.FaultProtocol, Op: op, Text: text}
}

// printable is what a server said, fit for an error: one line, not endless.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7F:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "..."
	}
	return strings.TrimSpace(s)
}
