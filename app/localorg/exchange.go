package localorg

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	maxURL   = 32768     // characters of a request's address
	maxURLin = 65536     // the same within a batch
	maxBody  = 160 << 20 // bytes: the largest attachment in base64, with its wrapping
)

// Handler speaks the Web API to bearer tokens, and plays the sign-in and
// discovery services that belong to it.
func (o *Org) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := o.exchange(r, "")
		if a.drop {
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
		for k, v := range a.header {
			w.Header()[k] = v
		}
		if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
			w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		}
		w.WriteHeader(a.status)
		w.Write(a.body)
	})
}

// Transport reaches the organization without a port, as that user, whatever
// Authorization says. The host in the URL is not looked at.
func (o *Org) Transport(userID string) http.RoundTripper { return transport{o, userID} }

type transport struct {
	o    *Org
	user string
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	a := t.o.exchange(r, t.user)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if a.drop {
		return nil, &net.OpError{Op: "read", Net: "local", Err: syscall.ECONNRESET}
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r}, nil
}

// exchange answers one HTTP request. user is empty where the bearer token says
// who is asking.
func (o *Org) exchange(r *http.Request, user string) *answer {
	entry := o.recorder.begin(r)
	a := o.faulty(r, func() *answer { return o.route(r, user) })
	status := a.status
	if a.drop {
		status = 0
	}
	o.recorder.end(entry, status)
	o.log.Debug("crm request", "method", r.Method, "path", loggable(r.URL.Path), "status", status)
	return a
}

// loggable is a path without what stands in parentheses, which may be
// somebody's subject.
func loggable(path string) string {
	path, _, _ = strings.Cut(path, "(")
	return path
}

// faulty carries out do, or what the organization was told to do instead.
func (o *Org) faulty(r *http.Request, do func() *answer) *answer {
	f, ok := o.faults.pick(r)
	if !ok {
		return do()
	}
	if f.Latency > 0 && !o.wait(r.Context(), f.Latency) {
		return &answer{drop: true}
	}
	switch f.Kind {
	case DropBefore:
		return &answer{drop: true}
	case DropAfter:
		do()
		return &answer{drop: true}
	case Throttle:
		return answerTo(throttled(codeThrottledRequests, f.RetryAfter, "Number of requests exceeded the limit of %d over time window of %d seconds.", o.gate.limits.Requests, int(o.gate.limits.Window.Seconds())), nil)
	case ServerError:
		status := f.Status
		if status == 0 {
			status = http.StatusInternalServerError
		}
		return answerTo(refuse(status, codeUnexpected, "An unexpected error occurred."), nil)
	case ExpireToken:
		return o.challenge(r)
	}
	return do()
}

// route sends a request to the service it is for.
func (o *Org) route(r *http.Request, user string) *answer {
	if len(r.URL.RequestURI()) > maxURL {
		return answerTo(refuse(http.StatusRequestURITooLong, codeUnspecified, "The request URI is longer than %d characters.", maxURL), nil)
	}
	select {
	case <-o.closed:
		return &answer{drop: true}
	default:
	}
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, "/api/data/"); ok {
		return o.api(r, user, rest)
	}
	if strings.HasPrefix(path, "/api/discovery/v2.0/") {
		return o.discover(r, user, strings.TrimPrefix(path, "/api/discovery/v2.0/"))
	}
	if a := o.authority(r); a != nil {
		return a
	}
	return answerTo(noSegment(strings.Trim(r.URL.Path, "/")), nil)
}

// challenge is the answer to a request without a good token. It tells where to
// get one.
func (o *Org) challenge(r *http.Request) *answer {
	host := origin(r)
	return (&answer{status: http.StatusUnauthorized}).set("WWW-Authenticate",
		"Bearer authorization_uri="+host+"/"+o.id+"/oauth2/authorize, resource_id="+host+"/")
}

// origin is scheme and host as the client wrote them.
func origin(r *http.Request) string {
	scheme, host := r.URL.Scheme, r.Host
	if scheme == "" {
		if scheme = "http"; r.TLS != nil {
			scheme = "https"
		}
	}
	if host == "" {
		host = r.URL.Host
	}
	return scheme + "://" + host
}

// caller finds out who is asking; "" is nobody.
func (o *Org) caller(r *http.Request, user string) string {
	if user != "" {
		return user
	}
	user, _ = o.security.bearer(r.Header, o.now())
	return user
}

// api answers below /api/data/.
func (o *Org) api(r *http.Request, user, rest string) *answer {
	version, path, _ := strings.Cut(rest, "/")
	if user = o.caller(r, user); user == "" {
		return o.challenge(r)
	}
	if !slices.Contains(o.versions, version) {
		return answerTo(noSegment("api/data/"+version), nil)
	}
	leave, err := o.gate.enter(user, o.now())
	if err != nil {
		return answerTo(err, nil)
	}
	defer leave()
	body, err := o.readBody(r)
	if err != nil {
		return answerTo(err, nil)
	}
	req := &request{method: r.Method, path: path, rawQuery: r.URL.RawQuery, header: r.Header, body: body, base: origin(r) + "/api/data/" + version + "/"}
	a, err := o.perform(req, user)
	if errors.Is(err, ErrClosed) {
		return &answer{drop: true}
	}
	if err != nil {
		p, _ := parsePrefer(r.Header)
		a = answerTo(err, p.notes)
		if a.status >= 500 && a.status != http.StatusNotImplemented {
			o.log.Error("crm request failed", "path", loggable(r.URL.Path), "error", err)
		}
	}
	return a.set("OData-Version", "4.0").set("x-ms-service-request-id", newID())
}

func (o *Org) readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, o.maxBody+1))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, codeUnspecified, "The request body ended early: %v", err)
	}
	if int64(len(body)) > o.maxBody {
		return nil, refuse(http.StatusRequestEntityTooLarge, codeUnspecified, "The request body is larger than %d bytes.", o.maxBody)
	}
	return body, nil
}

// perform carries out a request or a batch within one transaction.
func (o *Org) perform(req *request, user string) (*answer, error) {
	batch := req.path == "$batch" || strings.EqualFold(req.path, "%24batch")
	var parts []batchPart
	if batch {
		if req.method != http.MethodPost {
			return nil, wrongVerb(req.method)
		}
		var err error
		if parts, err = parseBatch(req.header.Get("Content-Type"), req.body); err != nil {
			return nil, err
		}
	}
	if !batch && !isWrite(req.method) {
		o.mu.RLock()
		defer o.mu.RUnlock()
	} else {
		o.mu.Lock()
		defer o.mu.Unlock()
	}
	select {
	case <-o.closed:
		return nil, ErrClosed
	default:
	}
	req.t = o.begin(user)
	if err := req.t.checkCaller(req.header); err != nil {
		return nil, err
	}
	var a *answer
	var err error
	if batch {
		a, err = req.runBatch(parts)
	} else if a, err = req.run(); err == nil {
		a = req.finish(a)
	}
	if err != nil {
		req.t.rollbackTo(0)
		return nil, err
	}
	return a, req.t.commit()
}

// checkCaller refuses users who are disabled, and those who want to act for
// somebody else.
func (t *tx) checkCaller(h http.Header) error {
	users := t.table("systemuser")
	me := users.rows[t.user]
	if me == nil || me.truth(users.def.cols["isdisabled"]) {
		return refuse(http.StatusForbidden, codeUserDisabled, "The specified user(Id = %s) is disabled. Consider enabling this user.", t.user)
	}
	for _, name := range []string{"MSCRMCallerID", "CallerObjectId"} {
		if as := h.Get(name); as != "" && !strings.EqualFold(as, t.user) {
			return refuse(http.StatusForbidden, codePrivilegeDenied, "Principal user (Id=%s, type=8) is missing prvActOnBehalfOfAnotherUser privilege", t.user)
		}
	}
	return nil
}
