package dav

import (
	"crypto/md5" //nolint:gosec // what the protocol names; TLS is what protects
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// digest answers a Digest challenge (RFC 7616, and RFC 2617 for servers that
// name no quality of protection).
type digest struct {
	realm, nonce, opaque, algorithm string
	hash                            func() hash.Hash
	session, qop, stale             bool
	// cnonce is ours, the same for all requests: the session algorithms take the
	// first one into the key (RFC 7616 section 3.4.2), and there are servers that
	// take each request's.
	cnonce string

	mu    sync.Mutex
	count uint32
}

// newDigest reads a challenge, nil if it asks for what we don't do.
func newDigest(p map[string]string) *digest {
	d := &digest{realm: p["realm"], nonce: p["nonce"], opaque: p["opaque"], algorithm: p["algorithm"], stale: strings.EqualFold(p["stale"], "true"), cnonce: rand.Text()}
	name, sess := strings.CutSuffix(strings.ToUpper(d.algorithm), "-SESS")
	d.session = sess
	switch name {
	case "", "MD5":
		d.hash = md5.New
	case "SHA-256":
		d.hash = sha256.New
	default:
		return nil
	}
	for _, q := range strings.Split(p["qop"], ",") {
		d.qop = d.qop || strings.EqualFold(strings.TrimSpace(q), "auth")
	}
	if d.nonce == "" || p["qop"] != "" && !d.qop {
		return nil
	}
	return d
}

// strength ranks the algorithms.
func (d *digest) strength() int {
	if strings.HasPrefix(strings.ToUpper(d.algorithm), "SHA-256") {
		return 1
	}
	return 0
}

// answer is the Authorization header for one request.
func (d *digest) answer(user, password, method, uri string) string {
	d.mu.Lock()
	d.count++
	nc := fmt.Sprintf("%08x", d.count)
	d.mu.Unlock()
	return d.with(user, password, method, uri, nc, d.cnonce)
}

// with is the answer with a given count and client nonce.
func (d *digest) with(user, password, method, uri, nc, cnonce string) string {
	h := func(s string) string {
		x := d.hash()
		x.Write([]byte(s))
		return hex.EncodeToString(x.Sum(nil))
	}
	a1 := h(user + ":" + d.realm + ":" + password)
	if d.session {
		a1 = h(a1 + ":" + d.nonce + ":" + cnonce)
	}
	a2 := h(method + ":" + uri)
	response := h(a1 + ":" + d.nonce + ":" + a2)
	if d.qop {
		response = h(a1 + ":" + d.nonce + ":" + nc + ":" + cnonce + ":auth:" + a2)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username=%s, realm=%s, nonce=%s, uri=%s, response="%s"`, quoted(user), quoted(d.realm), quoted(d.nonce), quoted(uri), response)
	if d.algorithm != "" {
		b.WriteString(", algorithm=" + d.algorithm)
	}
	if d.qop {
		b.WriteString(", qop=auth, nc=" + nc)
	}
	if d.qop || d.session {
		b.WriteString(", cnonce=" + quoted(cnonce))
	}
	if d.opaque != "" {
		b.WriteString(", opaque=" + quoted(d.opaque))
	}
	return b.String()
}

// quoted is a quoted string (RFC 9110 section 5.6.4), on one line.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(s) + `"`
}
