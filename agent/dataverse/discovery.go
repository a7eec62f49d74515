package dataverse

import (
	"context"
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"postrider/offline"
)

// Organization is one that the user may enter.
type Organization struct {
	ID      string // GUID
	Name    string // for people
	URL     string // of its pages: what Config.URL takes
	API     string // of its API; may be empty
	Version string
	Enabled bool
}

// GlobalDiscovery is the discovery service of the commercial cloud. Sovereign
// clouds have others, and organizations on premises none.
const GlobalDiscovery = "https://globaldisco.crm.dynamics.com"

// Discover lists the organizations that the user may enter, as the discovery
// service at base knows them. token must be for that service; Auth with its
// URL gives one. transport may be nil.
func Discover(ctx context.Context, base string, transport http.RoundTripper, token TokenFunc) ([]Organization, error) {
	const op = "look for organizations"
	origin, _, _, err := ParseURL(base)
	if err != nil {
		return nil, &offline.Fault{Class: offline.FaultRejected, Op: op, Err: err}
	}
	refused := ""
	for range 2 {
		t, err := token(ctx, refused)
		if err != nil {
			return nil, tokenFault(ctx, op, err)
		}
		status, header, body, err := fetch(ctx, transport, origin+"/api/discovery/v2.0/Instances", t)
		if err != nil {
			return nil, carryFault(op, err)
		}
		if status == http.StatusUnauthorized && refused == "" && t != "" {
			refused = t
			continue
		}
		if status != http.StatusOK {
			return nil, answerFault(op, status, header, body, time.Now())
		}
		return organizations(op, body)
	}
	return nil, &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "the server refuses the access token"}
}

func fetch(ctx context.Context, transport http.RoundTripper, url, token string) (int, textproto.MIMEHeader, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := Auth{Transport: transport}.client().Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, textproto.MIMEHeader(resp.Header), body, err
}

func organizations(op string, body []byte) ([]Organization, error) {
	var pg page
	if err := decode(op, body, &pg); err != nil {
		return nil, err
	}
	var out []Organization
	for _, r := range pg.Rows {
		o := Organization{ID: strings.ToLower(r.text("Id")), Name: r.text("FriendlyName"), URL: r.text("Url"), API: r.text("ApiUrl"),
			Version: r.text("Version"), Enabled: r.number("State") == 0}
		if o.URL != "" {
			out = append(out, o)
		}
	}
	return out, nil
}
