package dav_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// works are the four ways to speak to a collection, each by one call.
var works = map[string]func(t *testing.T, c *dav.Client, coll offline.Collection) error{
	"PROPFIND": func(t *testing.T, c *dav.Client, _ offline.Collection) error { return c.Check(t.Context()) },
	"REPORT": func(t *testing.T, c *dav.Client, coll offline.Collection) error {
		coll.Cursor.SyncToken = "t1"
		return c.Pull(t.Context(), coll, nil, func(offline.ItemDelta) error { return nil })
	},
	"PUT": func(t *testing.T, c *dav.Client, coll offline.Collection) error {
		it := davtest.Make(offline.KindContact, "1", "One")
		it.Href, it.ETag = "/p/1", `"1"`
		_, err := c.Put(t.Context(), coll, it)
		return err
	},
	"DELETE": func(t *testing.T, c *dav.Client, coll offline.Collection) error {
		return c.Delete(t.Context(), coll, offline.Item{Href: "/p/1", ETag: `"1"`, Kind: offline.KindContact})
	},
}

// answers is a server's answer to each of works; its collections are below dir.
func answers(w http.ResponseWriter, r *http.Request, dir string) {
	switch r.Method {
	case "PROPFIND":
		multi(w, open+`<d:response><d:href>`+dir+`</d:href><d:propstat><d:prop><d:resourcetype><d:collection/><a:addressbook/></d:resourcetype></d:prop></d:propstat></d:response>`+shut)
	case "REPORT":
		multi(w, open+`<d:sync-token>t2</d:sync-token>`+shut)
	default:
		w.Header().Set("ETag", `"2"`)
		if r.Method == http.MethodGet {
			_, _ = w.Write(davtest.Card("1", "One"))
		}
	}
}

func TestARedirectKeepsMethodBodyAndCondition(t *testing.T) {
	for _, code := range []int{301, 302, 307, 308} {
		for method, work := range works {
			var from, to []string
			s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
				if r.Header.Get("Authorization") == "" {
					w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				what := fmt.Sprint(r.Method, " ", r.Header.Get("If-Match"), " ", r.Header.Get("Depth"), " ", body)
				if path, ok := strings.CutPrefix(r.URL.Path, "/p/"); ok {
					from = append(from, what)
					w.Header().Set("Location", "/q/"+path) // not absolute: RFC 9110 section 10.2.2
					w.WriteHeader(code)
					return
				}
				to = append(to, what)
				answers(w, r, "/q/")
			})
			c := davtest.Fixture{URL: s.URL + "/p/", User: "jana", Password: "secret"}.Client(t)
			if err := work(t, c, people(s.URL)); err != nil {
				t.Errorf("%d %s: %v", code, method, err)
			}
			if len(to) == 0 || !strings.HasPrefix(to[0], method+" ") || !slices.Equal(from, to) || method != "DELETE" && len(to[0]) < 60 {
				t.Errorf("%d %s: %q became %q", code, method, from, to)
			}
		}
	}
}

func TestARedirectThatLeadsNowhereEnds(t *testing.T) {
	for name, to := range map[string]func(n int64) string{
		"in a circle":       func(n int64) string { return []string{"/p/", "/q/"}[n%2] },
		"to itself":         func(int64) string { return "" },
		"further and on":    func(n int64) string { return fmt.Sprint("/p/", n) },
		"without an answer": nil,
		"what is no place":  func(int64) string { return "mailto:jana@example.com" },
	} {
		var n atomic.Int64
		s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			if to != nil {
				next := to(n.Add(1))
				if next == "" {
					next = r.URL.Path
				}
				w.Header().Set("Location", next)
			}
			w.WriteHeader(http.StatusPermanentRedirect)
		})
		for method, work := range works {
			c := davtest.Fixture{URL: s.URL + "/p/"}.Client(t)
			err := work(t, c, people(s.URL))
			// To look for the principal takes up to three places.
			if sent, _ := c.Requests(); offline.ClassOf(err) != offline.FaultProtocol || sent > 7*3 {
				t.Errorf("%s, %s: %v after %d requests", name, method, err, sent)
			}
		}
	}
}

// "See other" names a page to look at, not the place to write to.
func TestSeeOtherIsNoPlaceToWriteTo(t *testing.T) {
	var written []string
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		written = append(written, r.Method+" "+r.URL.Path)
		http.Redirect(w, r, "/elsewhere", http.StatusSeeOther)
	})
	for _, method := range []string{"PUT", "DELETE"} {
		written = nil
		if err := works[method](t, c, people(s.URL)); offline.ClassOf(err) != offline.FaultProtocol || len(written) != 1 {
			t.Errorf("%s: %v, %q", method, err, written)
		}
	}
}

// overTLS is a server that is all hosts in one, with a client that finds them.
func overTLS(t *testing.T, h http.HandlerFunc) (*httptest.Server, func(url string) *dav.Client) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, func(url string) *dav.Client {
		return davtest.Fixture{URL: url, User: "jana", Password: "secret"}.Client(t, func(cfg *dav.Config) {
			cfg.TLS = &tls.Config{RootCAs: roots, ServerName: "example.com"}
			cfg.Dial = dialer(s)
		})
	}
}

func TestFromAnEncryptedConnectionNothingGoesToClearText(t *testing.T) {
	var heard atomic.Int32
	clear := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	t.Cleanup(clear.Close)
	_, client := overTLS(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, clear.URL+r.URL.Path, http.StatusPermanentRedirect)
	})
	for method, work := range works {
		c := client("https://example.com/p/")
		err := work(t, c, people("https://example.com"))
		if offline.ClassOf(err) != offline.FaultTLS || heard.Load() > 0 {
			t.Errorf("%s: %v, it was heard %d times", method, err, heard.Load())
		}
	}
	// Nor from this computer, where it is allowed, to another.
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		http.Redirect(w, r, "http://example.com/", http.StatusFound)
	})
	if err := works["PUT"](t, c, people(s.URL)); offline.ClassOf(err) != offline.FaultTLS {
		t.Errorf("to another computer: %v", err)
	}
}

// Neither a password nor a token nor what is made of one goes to another host,
// and there is none for its question either.
func TestNoCredentialsFollowARedirectToAnotherHost(t *testing.T) {
	for _, scheme := range []string{"Basic", "Digest", "Bearer"} {
		for method, work := range works {
			var heard, told atomic.Int32
			ask := func(w http.ResponseWriter) {
				w.Header().Set("WWW-Authenticate", scheme+` realm="x", nonce="n"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
			var curious atomic.Bool
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				heard.Add(1)
				if r.Header.Get("Authorization") != "" {
					told.Add(1)
				}
				if curious.Load() {
					ask(w)
					return
				}
				answers(w, r, "/p/")
			}))
			s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
				if r.Header.Get("Authorization") == "" {
					ask(w)
					return
				}
				http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
			})
			for _, asks := range []bool{false, true} {
				curious.Store(asks)
				heard.Store(0)
				c := davtest.Fixture{URL: s.URL + "/p/", User: "jana", Password: "secret"}.Client(t, func(cfg *dav.Config) {
					if scheme == "Bearer" {
						cfg.Token = func(context.Context, string) (string, error) { return "token", nil }
					}
				})
				err := work(t, c, people(s.URL))
				if told.Load() > 0 || heard.Load() == 0 {
					t.Errorf("%s, %s: the other host was told %d times of %d", scheme, method, told.Load(), heard.Load())
				}
				if asks && offline.ClassOf(err) != offline.FaultDenied {
					t.Errorf("%s, %s: the other host asks: %v", scheme, method, err)
				}
			}
			other.Close()
		}
	}
}
