package localorg

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is an organization with somebody in it.
type world struct {
	t     testing.TB
	org   *Org
	clock *clock
	me    string
	ann   string // a contact of acme
	acme  string // an account
	base  string
	http  *http.Client
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, clock: newClock(), base: "http://org.local/api/data/v9.2/"}
	opt := Options{Now: w.clock.now}
	for _, f := range change {
		f(&opt)
	}
	var err error
	if w.org, err = Open(opt); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.org.Close() })
	if w.me, err = w.org.AddUser("Mia", "Meyer", "mia@post.test"); err != nil {
		t.Fatal(err)
	}
	w.acme = w.seed("account", map[string]any{"name": "Acme", "emailaddress1": "info@acme.test"})
	w.ann = w.seed("contact", map[string]any{"firstname": "Ann", "lastname": "Archer", "emailaddress1": "ann@acme.test", "parentcustomerid_account@odata.bind": "/accounts(" + w.acme + ")"})
	w.http = &http.Client{Transport: w.org.Transport(w.me)}
	return w
}

func (w *world) seed(table string, row map[string]any) string {
	w.t.Helper()
	id, err := w.org.Create(table, row)
	if err != nil {
		w.t.Fatalf("seeding %s: %v", table, err)
	}
	return id
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (r reply) code() string {
	e, _ := r.json["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func (r reply) rows() []map[string]any {
	var out []map[string]any
	list, _ := r.json["value"].([]any)
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}

// call makes a request; headers come in pairs. Path is below the API, or a URL.
func (w *world) call(method, path, body string, headers ...string) reply {
	w.t.Helper()
	r, err := w.try(method, path, body, headers...)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (w *world) try(method, path, body string, headers ...string) (reply, error) {
	if !strings.HasPrefix(path, "http") {
		path = w.base + path
	}
	req, err := http.NewRequest(method, strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := w.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &out.json); err != nil {
			return out, fmt.Errorf("answer %q: %w", text, err)
		}
	}
	return out, nil
}

// want checks status and, if not empty, the error code.
func (w *world) want(r reply, status int, code string) {
	w.t.Helper()
	if r.status != status || code != "" && r.code() != code {
		w.t.Fatalf("answer is %d %s, want %d %s\n%s", r.status, r.code(), status, code, r.text)
	}
}

const (
	idA = "aaaaaaaa-0000-4000-8000-000000000001"
	idB = "aaaaaaaa-0000-4000-8000-000000000002"
	idC = "aaaaaaaa-0000-4000-8000-000000000003"
)

// email is the payload of an email from Ann to Mia about Acme.
func (w *world) email(subject, messageID string) string {
	b, err := json.Marshal(map[string]any{
		"subject": subject, "description": "<p>Hello & goodbye</p>", "directioncode": false, "messageid": messageID,
		"regardingobjectid_account_email@odata.bind": "/accounts(" + w.acme + ")",
		"email_activity_parties": []any{
			map[string]any{"participationtypemask": 1, "partyid_contact@odata.bind": "/contacts(" + w.ann + ")"},
			map[string]any{"participationtypemask": 2, "partyid_systemuser@odata.bind": "systemusers(" + w.me + ")", "addressused": "mia@post.test"},
			map[string]any{"participationtypemask": 3, "addressused": "stranger@elsewhere.test"},
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func (w *world) put(id, body string) reply {
	w.t.Helper()
	return w.call("PATCH", "emails("+id+")", body, "If-None-Match", "*")
}
