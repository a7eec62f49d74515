package dataverse_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"postrider/agent/dataverse"
	"postrider/app/localorg"
	"postrider/offline"
)

// place is a local organization with sign-in, on loopback.
type place struct {
	org  *localorg.Org
	user string
	auth dataverse.Auth
	// saved are the refresh tokens handed to Save.
	saved []string
	now   time.Time
}

func openPlace(t *testing.T) *place {
	t.Helper()
	p := &place{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	org, err := localorg.Open(localorg.Options{Now: func() time.Time { return p.now }})
	if err != nil {
		t.Fatal(err)
	}
	if p.user, err = org.AddUser("Me", "Myself", "me@firm.example"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(org.Handler())
	transport := &http.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); _ = org.Close(); srv.Close() })
	p.org = org
	p.auth = dataverse.Auth{URL: srv.URL, ClientID: "51f81489-0000-4000-8000-000000000000", Transport: transport,
		Now: func() time.Time { return p.now }, Save: func(r string) error { p.saved = append(p.saved, r); return nil }}
	return p
}

// browse plays the user's browser: it follows the page's redirect to us.
func (p *place) browse(page string) error {
	c := &http.Client{Transport: p.auth.Transport}
	go func() {
		if resp, err := c.Get(page); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}()
	return nil
}

func (p *place) works(t *testing.T, s *dataverse.Session) {
	t.Helper()
	c, err := dataverse.New(dataverse.Config{URL: p.auth.URL, Transport: p.auth.Transport, Token: s.Token,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	if u, err := c.Me(t.Context()); err != nil || u.ID != p.user {
		t.Fatalf("%+v, %v", u, err)
	}
}

func TestSignInByTheBrowserLearnsTheTenantAndSavesTheRefreshToken(t *testing.T) {
	p := openPlace(t)
	p.org.SignInAs(p.user)
	var asked *url.URL
	s, err := p.auth.Browser(t.Context(), func(page string) error {
		asked, _ = url.Parse(page)
		return p.browse(page)
	})
	if err != nil {
		t.Fatal(err)
	}
	q := asked.Query()
	if !strings.HasPrefix(asked.Path, "/"+p.org.ID()+"/oauth2/v2.0/") || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" ||
		!strings.HasPrefix(q.Get("redirect_uri"), "http://localhost:") || !strings.Contains(q.Get("scope"), p.auth.URL+"/user_impersonation offline_access") {
		t.Errorf("asked %s", asked)
	}
	if len(p.saved) != 1 {
		t.Errorf("saved %d refresh tokens", len(p.saved))
	}
	p.works(t, s)
}

func TestADeclinedOrForgedSignInGivesNoSession(t *testing.T) {
	p := openPlace(t) // nobody signs in: the page is closed
	if _, err := p.auth.Browser(t.Context(), p.browse); offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("declined: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.auth.Browser(ctx, func(page string) error {
		u, _ := url.Parse(page)
		resp, err := http.Get(u.Query().Get("redirect_uri") + "/?state=forged&code=stolen")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("an answer with a forged state is heard: %s", resp.Status)
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("forged: %v", err)
	}
	if _, err := p.auth.Browser(t.Context(), func(string) error { return errors.New("no browser") }); offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("no browser: %v", err)
	}
}

// hasty makes the identity service ask for a poll each second instead of five.
type hasty struct{ http.RoundTripper }

func (h hasty) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.RoundTripper.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/devicecode") {
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		b = bytes.Replace(b, []byte(`"interval":5`), []byte(`"interval":1`), 1)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	}
	return resp, err
}

func TestSignInByACodeWaitsForTheUser(t *testing.T) {
	for _, approve := range []bool{true, false} {
		p := openPlace(t)
		p.now = time.Now() // the code's life is counted by the real clock
		auth := p.auth
		auth.Transport = hasty{auth.Transport}
		s, err := auth.Device(t.Context(), func(d dataverse.DeviceCode) {
			who := p.user
			if !approve {
				who = ""
			}
			if d.URL == "" || !p.org.ApproveDevice(d.Code, who) {
				t.Errorf("shown %+v", d)
			}
		})
		if approve {
			if err != nil {
				t.Fatal(err)
			}
			p.works(t, s)
		} else if offline.ClassOf(err) != offline.FaultAuth {
			t.Errorf("declined: %v", err)
		}
	}
}

func TestARefreshTokenIsRotatedSavedAndUsedOnceOnly(t *testing.T) {
	p := openPlace(t)
	p.org.SignInAs(p.user)
	if _, err := p.auth.Browser(t.Context(), p.browse); err != nil {
		t.Fatal(err)
	}
	s := p.auth.Resume(p.saved[0]) // the next start
	first, err := s.Token(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Token(t.Context(), "")
	if err != nil || again != first || len(p.saved) != 2 {
		t.Errorf("a good token is asked anew (%v), %d saved", err, len(p.saved))
	}
	p.now = p.now.Add(59 * time.Minute) // nearly over
	if again, err = s.Token(t.Context(), ""); err != nil || again == first {
		t.Errorf("a token near its end is not renewed: %v", err)
	}
	if refused, err := s.Token(t.Context(), again); err != nil || refused == again || len(p.saved) != 4 {
		t.Errorf("a refused token is not renewed: %v, %d saved", err, len(p.saved))
	}
	p.works(t, s)

	p.org.RevokeRefreshTokens()
	p.org.Revoke("")
	p.now = p.now.Add(2 * time.Hour)
	_, err = s.Token(t.Context(), "")
	var f *offline.Fault
	if !errors.As(err, &f) || f.Class != offline.FaultAuth || f.Code != "invalid_grant" || strings.Contains(err.Error(), p.saved[3]) {
		t.Errorf("revoked: %v", err)
	}
	if _, err := p.auth.Resume("").Token(t.Context(), ""); offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("nobody signed in: %v", err)
	}
}

func TestARefreshTokenThatCouldNotBeSavedIsSavedLater(t *testing.T) {
	p := openPlace(t)
	p.org.SignInAs(p.user)
	full := true
	p.auth.Save = func(r string) error {
		if full {
			return errors.New("the keyring is locked")
		}
		p.saved = append(p.saved, r)
		return nil
	}
	s, err := p.auth.Browser(t.Context(), p.browse)
	if err != nil {
		t.Fatal(err)
	}
	full = false
	if _, err := s.Token(t.Context(), ""); err != nil || len(p.saved) != 1 {
		t.Errorf("%v, %d saved", err, len(p.saved))
	}
}

func TestAnOrganizationCannotAskForATokenOfAnother(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="https://login.microsoftonline.com/t1/oauth2/authorize", resource_id="https://victim.crm.dynamics.com/"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer srv.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	var page string
	_, _ = dataverse.Auth{URL: srv.URL, ClientID: "c", Transport: transport}.Browser(t.Context(), func(p string) error { page = p; return errors.New("enough") })
	u, err := url.Parse(page)
	if err != nil || u.Path != "/t1/oauth2/v2.0/authorize" || !strings.HasPrefix(u.Query().Get("scope"), srv.URL+"/user_impersonation") {
		t.Errorf("asked %s", page)
	}
}

func TestSignInOnPremisesGoesToADFSWithTheResource(t *testing.T) {
	auth := dataverse.Auth{URL: "https://crm.firm.example/Firm", ClientID: "c", Authority: "https://sts.firm.example/adfs"}
	var page string
	_, _ = auth.Browser(t.Context(), func(p string) error { page = p; return errors.New("enough") })
	u, err := url.Parse(page)
	if err != nil || u.Host != "sts.firm.example" || u.Path != "/adfs/oauth2/authorize" || u.Query().Get("resource") != "https://crm.firm.example/" || u.Query().Get("client_id") != "c" {
		t.Errorf("asked %s", page)
	}
}

func TestAnIdentityServiceThatCannotBeReachedIsANetworkFault(t *testing.T) {
	auth := dataverse.Auth{URL: "http://127.0.0.1:1", ClientID: "c", Authority: "http://127.0.0.1:1/tenant"}
	if _, err := auth.Resume("r").Token(t.Context(), ""); offline.ClassOf(err) != offline.FaultNetwork {
		t.Errorf("got %v", err)
	}
	auth.Authority = "http://login.example/tenant"
	if _, err := auth.Resume("r").Token(t.Context(), ""); offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("clear text to a stranger: %v", err)
	}
}

func TestOrganizationsAreDiscovered(t *testing.T) {
	p := openPlace(t)
	p.org.Grant("good", p.user)
	token := func(_ context.Context, refused string) (string, error) {
		if refused == "old" {
			return "good", nil
		}
		return "old", nil
	}
	got, err := dataverse.Discover(t.Context(), p.auth.URL, p.auth.Transport, token)
	if err != nil || len(got) != 1 || got[0].URL != p.auth.URL || !got[0].Enabled || got[0].Name == "" {
		t.Errorf("%+v, %v", got, err)
	}
	p.org.Revoke("")
	if _, err := dataverse.Discover(t.Context(), p.auth.URL, p.auth.Transport, token); offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("refused: %v", err)
	}
}
