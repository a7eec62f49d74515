package dataverse

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"postrider/offline"
)

// Codes of the platform that say more than the HTTP status (Web API error
// codes; "Service protection API limits").
const (
	codeExpired       = "0x80044352" // the change tracking token is too old
	codeVersion       = "0x80060882" // If-Match does not match
	codeDuplicate     = "0x80040237" // a row with this key exists
	codeGone          = "0x80040217" // no such row
	codeTooLong       = "0x80044331" // a text is longer than its column
	codeBlocked       = "0x80043e09" // an attachment of a forbidden type
	codeTooBig        = "0x80044a02" // an attachment over maxuploadfilesize
	codeDenied        = "0x80040220"
	codeNoPrivilege   = "0x80048306"
	codeRequestLimit  = "0x80072322"
	codeTimeLimit     = "0x80072321"
	codeParallelLimit = "0x80072326"
)

// codes gives the class by the platform's code, where that is more reliable
// than the status.
var codes = map[string]offline.FaultClass{
	codeExpired: offline.FaultExpired, codeVersion: offline.FaultStale, codeDuplicate: offline.FaultExists,
	codeGone: offline.FaultNotFound, codeDenied: offline.FaultDenied, codeNoPrivilege: offline.FaultDenied,
	codeRequestLimit: offline.FaultThrottled, codeTimeLimit: offline.FaultThrottled, codeParallelLimit: offline.FaultThrottled,
}

// maxText bounds what is kept of a server's message.
const maxText = 600

// answerFault classifies an answer that is not a success. now is for a
// Retry-After given as a date.
func answerFault(op string, status int, header textproto.MIMEHeader, body []byte, now time.Time) *offline.Fault {
	f := &offline.Fault{Op: op, Class: statusClass(status)}
	f.Code, f.Text = errorBody(header.Get("Content-Type"), body)
	if f.Text == "" {
		f.Text = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	}
	if class, ok := codes[f.Code]; ok && status != http.StatusUnauthorized {
		f.Class = class
	} else if status == http.StatusBadRequest && strings.Contains(f.Text, "ersion stamp associated with the client has expired") {
		f.Class = offline.FaultExpired
	}
	if f.Class == offline.FaultThrottled || status == http.StatusServiceUnavailable {
		f.RetryAfter = retryAfter(header.Get("Retry-After"), now)
	}
	return f
}

func statusClass(status int) offline.FaultClass {
	switch status {
	case http.StatusUnauthorized:
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
	case http.StatusConflict: // two writers in one row: passes by itself
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

// errorBody takes code and message out of an OData error; a web page or
// nothing gives "".
func errorBody(contentType string, body []byte) (code, text string) {
	if mt, _, _ := mime.ParseMediaType(contentType); mt == "text/html" {
		return "", ""
	}
	var e struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
		Message string
	}
	if json.Unmarshal(body, &e) != nil {
		return "", ""
	}
	text = e.Error.Message
	if text == "" {
		text = e.Message
	}
	return strings.ToLower(e.Error.Code), clip(strings.Join(strings.Fields(text), " "), maxText)
}

// clip cuts s to at most n bytes at a rune's edge.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func retryAfter(v string, now time.Time) time.Duration {
	if n, err := strconv.ParseFloat(v, 64); err == nil && n > 0 && n < 1e6 {
		return time.Duration(n * float64(time.Second))
	}
	if t, err := http.ParseTime(v); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// carryFault classifies a failure to carry a request there and its answer back.
func carryFault(op string, err error) *offline.Fault {
	var f *offline.Fault
	if errors.As(err, &f) {
		return f
	}
	err = unURL(err)
	class := offline.FaultNetwork
	var (
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
		alert  tls.AlertError
		author x509.UnknownAuthorityError
		host   x509.HostnameError
		cert   x509.CertificateInvalidError
	)
	if errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &author) || errors.As(err, &host) || errors.As(err, &cert) {
		class = offline.FaultTLS
	}
	return &offline.Fault{Class: class, Op: op, Err: err}
}

// unURL takes the address out of an error: queries hold mail addresses and
// Message-IDs, which belong in no log.
func unURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// tokenFault classifies the failure to get an access token.
func tokenFault(ctx context.Context, op string, err error) *offline.Fault {
	var f *offline.Fault
	if errors.As(err, &f) {
		return f
	}
	if ctx.Err() != nil {
		return &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: ctx.Err()}
	}
	return &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "no access token", Err: unURL(err)}
}

var (
	unknownProperty = regexp.MustCompile(`(?i)property (?:named )?'([^']+)'`)
	tooLong         = regexp.MustCompile(`(?is)length of the '([^']+)' attribute.*?maximum (?:allowed )?length of '(\d+)'`)
	guids           = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	wholeGUID       = regexp.MustCompile(`^` + guids.String() + `$`)
)

// unknownColumn is the column or property that the server says it does not
// have ("Could not find a property named 'x' on type 'y'"), "" for another error.
func unknownColumn(f *offline.Fault) string {
	if f.Class != offline.FaultRejected {
		return ""
	}
	if m := unknownProperty.FindStringSubmatch(f.Text); m != nil {
		return m[1]
	}
	return ""
}

// longColumn is the column that the server says is too long, and the length it
// takes; "" for another error.
func longColumn(f *offline.Fault) (string, int) {
	if m := tooLong.FindStringSubmatch(f.Text); m != nil {
		if n, err := strconv.Atoi(m[2]); err == nil {
			return strings.ToLower(m[1]), n
		}
	}
	return "", 0
}

// protocol is a fault for an answer that makes no sense.
func protocol(format string, args ...any) error {
	return &offline.Fault{Class: offline.FaultProtocol, Text: fmt.Sprintf(format, args...)}
}
