package dataverse

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postrider/offline"
)

func nowForTests() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func TestClearTextIsAllowedToLoopbackOnly(t *testing.T) {
	for url, good := range map[string]bool{
		"https://org.crm4.dynamics.com": true, "http://127.0.0.1:8080": true, "http://localhost/org": true, "http://[::1]:1": true,
		"http://org.crm4.dynamics.com": false, "http://10.0.0.1": false, "ftp://localhost": false, "org.crm.dynamics.com": false,
		"https://user:secret@org.example": false, "": false,
	} {
		if _, err := New(Config{URL: url}); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestTheAPIPathInTheURLIsTakenOffAndItsVersionUsed(t *testing.T) {
	for url, want := range map[string][3]string{
		"https://o.crm.dynamics.com/api/data/v9.1/": {"https://o.crm.dynamics.com", "", "9.1"},
		"https://crm.firm.example/Firm/api/data":    {"https://crm.firm.example", "/Firm", ""},
		"https://crm.firm.example/Firm/":            {"https://crm.firm.example", "/Firm", ""},
		"https://o.crm.dynamics.com/main.aspx?a=1":  {"https://o.crm.dynamics.com", "", ""},
		"https://crm.firm.example/Firm/main.aspx#x": {"https://crm.firm.example", "/Firm", ""},
	} {
		origin, prefix, version, err := ParseURL(url)
		if got := [3]string{origin, prefix, version}; err != nil || got != want {
			t.Errorf("%s: %v, %v", url, got, err)
		}
	}
}

func TestAnOlderVersionIsTriedWhereTheServerDoesNotKnowTheNewest(t *testing.T) {
	s := &scripted{version: "9.1", op: func(asked) said { return ok(`{}`) }}
	s.outer = func(_ int, r *http.Request, _ []byte) *said {
		if !strings.Contains(r.URL.Path, "/v9.1/") {
			a := fails(404, "", "no such resource")
			return &a
		}
		return nil
	}
	c := s.start(t)
	for range 2 {
		if _, err := c.batch(t.Context(), "test", []part{get("a")}); err != nil {
			t.Fatal(err)
		}
	}
	if all, _ := c.Requests(); all != 3 || c.Version() != "9.1" {
		t.Errorf("%d requests, version %s", all, c.Version())
	}
}

func TestARefusedTokenIsAskedAnewOnce(t *testing.T) {
	for _, good := range []bool{true, false} {
		s := &scripted{op: func(asked) said { return ok(`{}`) }}
		s.outer = func(_ int, r *http.Request, _ []byte) *said {
			if !good || r.Header.Get("Authorization") != "Bearer new" {
				return &said{status: 401}
			}
			return nil
		}
		c := s.start(t, func(cfg *Config) {
			cfg.Token = func(_ context.Context, refused string) (string, error) {
				if refused == "old" {
					return "new", nil
				}
				return "old", nil
			}
		})
		_, err := c.batch(t.Context(), "test", []part{get("a")})
		if good != (err == nil) || !good && offline.ClassOf(err) != offline.FaultAuth {
			t.Errorf("good %v: %v", good, err)
		}
		if all, _ := c.Requests(); all != 2 {
			t.Errorf("%d requests, want 2", all)
		}
	}
}

func TestAShortPauseIsWaitedOutWithLessConcurrencyAndALongOneReturned(t *testing.T) {
	for _, seconds := range []string{"7", "120"} {
		s := &scripted{op: func(asked) said { return ok(`{}`) }}
		s.outer = func(n int, _ *http.Request, _ []byte) *said {
			if n == 1 {
				a := fails(429, codeParallelLimit, "Number of concurrent requests exceeded the limit of 52.")
				a.header = map[string]string{"Retry-After": seconds}
				return &a
			}
			return nil
		}
		now := nowForTests()
		var slept time.Duration
		c := s.start(t, func(cfg *Config) {
			cfg.Now = func() time.Time { return now }
			cfg.Sleep = func(_ context.Context, d time.Duration) error { slept += d; now = now.Add(d); return nil }
		})
		_, err := c.batch(t.Context(), "test", []part{get("a")})
		var f *offline.Fault
		switch {
		case seconds == "7" && (err != nil || slept != 7*time.Second || c.gate.limit != 2):
			t.Errorf("short: %v, slept %v, limit %d", err, slept, c.gate.limit)
		case seconds == "120" && (!errors.As(err, &f) || f.Class != offline.FaultThrottled || f.RetryAfter != 2*time.Minute || slept != 0):
			t.Errorf("long: %v, slept %v", err, slept)
		}
	}
}

func TestTroubleOfTheMomentIsTriedAgainAndNotForEver(t *testing.T) {
	for status, want := range map[int]offline.FaultClass{500: offline.FaultServer, 503: offline.FaultServer, 0: offline.FaultNetwork} {
		s := &scripted{op: func(asked) said { return ok(`{}`) }}
		bad := 1
		s.outer = func(n int, _ *http.Request, _ []byte) *said {
			if n <= bad {
				return &said{status: status}
			}
			return nil
		}
		c := s.start(t)
		if _, err := c.batch(t.Context(), "test", []part{get("a")}); err != nil {
			t.Errorf("%d once: %v", status, err)
		}
		bad = 1000
		if _, err := c.batch(t.Context(), "test", []part{get("a")}); offline.ClassOf(err) != want {
			t.Errorf("%d always: %v", status, err)
		}
		if all, _ := c.Requests(); all > 2+attempts {
			t.Errorf("%d: %d requests", status, all)
		}
	}
}

func TestAnUntrustedCertificateIsATLSFault(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	tr := newTransport()
	defer tr.CloseIdleConnections()
	c, err := New(Config{URL: srv.URL, Transport: tr})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.batch(t.Context(), "test", []part{get("a")}); offline.ClassOf(err) != offline.FaultTLS {
		t.Errorf("got %v", err)
	}
	if all, _ := c.Requests(); all != 1 {
		t.Errorf("tried %d times", all)
	}
}

func TestATransferThatStandsStillIsCutOffAndAWorkingServerIsNot(t *testing.T) {
	release := make(chan struct{})
	var stall atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "multipart/mixed; boundary=b1")
		_, _ = io.WriteString(w, "--b1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}")
		w.(http.Flusher).Flush()
		if stall.Load() {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		_, _ = io.WriteString(w, "\r\n--b1--\r\n")
	}))
	defer srv.Close()
	defer close(release)
	c, err := New(Config{URL: srv.URL, Transport: srv.Client().Transport, Stall: 50 * time.Millisecond,
		Sleep: func(context.Context, time.Duration) error { return context.Canceled }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.batch(t.Context(), "test", []part{get("a")}); err != nil {
		t.Errorf("working server: %v", err)
	}
	stall.Store(true)
	_, err = c.batch(t.Context(), "test", []part{get("a")})
	if offline.ClassOf(err) != offline.FaultNetwork || !errors.Is(err, errStalled) {
		t.Errorf("stalled: %v", err)
	}
}

func TestCancellingEndsARequestAtOnce(t *testing.T) {
	in := make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		in <- struct{}{}
		<-r.Context().Done()
	}))
	defer srv.Close()
	c, err := New(Config{URL: srv.URL, Transport: srv.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-in; cancel() }()
	if _, err := c.batch(ctx, "test", []part{get("a")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if all, _ := c.Requests(); all != 1 {
		t.Errorf("%d requests after cancel", all)
	}
}

func TestErrorsAndLinksGiveNothingAway(t *testing.T) {
	c, err := New(Config{URL: "http://127.0.0.1:1", Sleep: func(context.Context, time.Duration) error { return context.Canceled }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	r := request{op: "look", method: http.MethodGet, path: query("emails", param{"$filter", "messageid eq 'ann@example.com'"})}
	if err := c.carry(t.Context(), r); err == nil || strings.Contains(err.Error(), "ann") {
		t.Errorf("the error holds the address asked for: %v", err)
	}
	link, err := c.relative("https://evil.example/api/data/v9.1/accounts?$skiptoken=%3Ccookie%2520a%3E")
	if err != nil || link != "accounts?$skiptoken=%3Ccookie%2520a%3E" {
		t.Errorf("link: %q, %v", link, err)
	}
	if _, err := c.relative("https://evil.example/other"); offline.ClassOf(err) != offline.FaultProtocol {
		t.Errorf("a link outside the API is followed: %v", err)
	}
}

func TestARedirectIsNotFollowedWithTheToken(t *testing.T) {
	s := &scripted{outer: func(int, *http.Request, []byte) *said {
		return &said{status: 302, header: map[string]string{"Location": "https://evil.example/"}}
	}}
	if _, err := s.start(t).batch(t.Context(), "test", []part{get("a")}); offline.ClassOf(err) != offline.FaultProtocol {
		t.Errorf("got %v", err)
	}
}

func TestATokenThatCannotBeHadIsAnAuthFaultUnlessItSaysOtherwise(t *testing.T) {
	for want, err := range map[offline.FaultClass]error{
		offline.FaultAuth:    errors.New("the token command failed"),
		offline.FaultNetwork: &offline.Fault{Class: offline.FaultNetwork, Op: "renew the sign-in"},
	} {
		c := (&scripted{}).start(t, func(cfg *Config) {
			cfg.Token = func(context.Context, string) (string, error) { return "", err }
			cfg.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
		})
		if _, got := c.Me(t.Context()); offline.ClassOf(got) != want {
			t.Errorf("%v: %v", err, got)
		}
		if all, _ := c.Requests(); all != 0 {
			t.Errorf("%d requests without a token", all)
		}
	}
}
