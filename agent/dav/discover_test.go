package dav_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"postrider/agent/dav"
	"postrider/offline"
)

// names is a DNS of one domain.
type names struct {
	srv []*net.SRV
	txt []string
}

func (n names) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if n.srv == nil || service != "caldavs" || proto != "tcp" || name != "example.com" {
		return "", nil, errors.New("no such host")
	}
	return "", n.srv, nil
}

func (n names) LookupTXT(_ context.Context, name string) ([]string, error) {
	if n.txt == nil || name != "_caldavs._tcp.example.com" {
		return nil, errors.New("no such host")
	}
	return n.txt, nil
}

// dialer goes to one server, whatever the host.
func dialer(s *httptest.Server) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
}

func TestACalendarIsFoundFromAnEmailAddressWithoutAPassword(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "":
			t.Error("a password was sent")
		case r.URL.Path == "/.well-known/caldav" && r.Host == "example.com":
			http.Redirect(w, r, "/dav/", http.StatusMovedPermanently)
		case r.URL.Path == "/dav/" && r.Method == "PROPFIND":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate()) // for example.com and its hosts
	find := func(n names) ([]dav.Found, error) {
		cfg := dav.Config{Resolver: n, Services: []dav.Service{dav.CalDAV}, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"},
			Dial: dialer(s)}
		return dav.Discover(t.Context(), cfg, "ann@example.com")
	}
	defer s.CloseClientConnections()
	for _, c := range []struct {
		name    string
		dns     names
		url     string
		foreign bool
	}{
		{"by the web server of the domain", names{}, "https://example.com/dav/", false},
		{"by SRV and TXT", names{[]*net.SRV{{Target: "cal.example.com.", Port: 8443}}, []string{"path=/dav/"}}, "https://cal.example.com:8443/dav/", false},
		{"at another's host", names{[]*net.SRV{{Target: "dav.provider.org.", Port: 443}}, []string{"path=/dav/"}}, "https://dav.provider.org/dav/", true},
	} {
		got, err := find(c.dns)
		if err != nil || len(got) != 1 || got[0].URL != c.url || got[0].Foreign != c.foreign || got[0].Users[1] != "ann" {
			t.Errorf("%s: %+v %v", c.name, got, err)
		}
	}
	if _, err := find(names{srv: []*net.SRV{{Target: "."}}}); offline.ClassOf(err) != offline.FaultNotFound {
		t.Errorf("a domain that says that it has none: %v", err)
	}
}
