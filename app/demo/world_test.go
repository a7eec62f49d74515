package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"postrider/app/localorg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func frozen() time.Time { return noon }

// begin starts a world whose time stands still, and closes it with the test.
func begin(t *testing.T, o Options) *World {
	t.Helper()
	if o.Now == nil {
		o.Now = frozen
	}
	w, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func signIn(t *testing.T, w *World, o *imapclient.Options) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialInsecure(w.Describe().IMAP.Address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(w.Describe().IMAP.User, w.Describe().IMAP.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheDescriptionKeepsToTheScriptingContract(t *testing.T) {
	w := begin(t, Options{Dir: "/tmp/home"})
	d := w.Describe()
	got, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"home":"/tmp/home","imap":{"address":%q,"user":"ann@alder.example","password":%q},"smtp":{"address":%q,"user":"ann@alder.example","password":%q},"crm":{"url":%q,"token":%q},`+
		`"caldav":{"url":%q,"user":"ann@alder.example","password":%q},"carddav":{"url":%q,"user":"ann@alder.example","password":%q}}`,
		d.IMAP.Address, d.IMAP.Password, d.SMTP.Address, d.SMTP.Password, d.CRM.URL, d.CRM.Token,
		d.CalDAV.URL, d.CalDAV.Password, d.CardDAV.URL, d.CardDAV.Password)
	if string(got) != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	for _, at := range []string{d.IMAP.Address, d.SMTP.Address, strings.TrimPrefix(d.CRM.URL, "http://")} {
		if !strings.HasPrefix(at, "127.0.0.1:") {
			t.Errorf("%s is not on loopback", at)
		}
	}
	if other := begin(t, Options{}).Describe(); other.IMAP.Password == d.IMAP.Password || other.CRM.Token == d.CRM.Token {
		t.Error("the secrets are not new at each start")
	}
}

func TestTheMailboxIsServedWithDatesAndFoldersAsTold(t *testing.T) {
	w := begin(t, Options{})
	c := signIn(t, w, nil)
	folders, err := c.List("", "*", &imap.ListOptions{ReturnSpecialUse: true, ReturnStatus: &imap.StatusOptions{NumMessages: true}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]uint32{}
	total := uint32(0)
	for _, f := range folders {
		counts[f.Mailbox] = *f.Status.NumMessages
		total += *f.Status.NumMessages
	}
	if total < 190 || total > 240 || counts["INBOX"] < 130 || counts["INBOX"] > 170 || counts["Sent"] < 35 || counts["Projects/Retrofit-line-2"] == 0 || counts["Junk"] == 0 || counts["Archive"] == 0 {
		t.Errorf("%d messages: %v", total, counts)
	}
	for name := range counts {
		if _, err := c.Select(name, nil).Wait(); err != nil {
			t.Fatal(err)
		}
		if counts[name] == 0 {
			continue
		}
		whole := &imap.FetchItemBodySection{Peek: true}
		got, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{whole}}).Collect()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got {
			e, err := open(m.FindBodySection(whole))
			if err != nil {
				t.Fatal(err)
			}
			head := mail.Header{Header: e.Header}
			if date, err := head.Date(); err != nil || !date.Equal(m.InternalDate) {
				t.Errorf("%s %d: dated %v, arrived %v, %v", name, m.UID, date, m.InternalDate, err)
			}
		}
	}
}

func TestTheOrganizationIsAsTold(t *testing.T) {
	w := begin(t, Options{})
	for table, n := range map[string]int{"account": 12, "contact": 39, "lead": 8, "opportunity": 12, "incident": 6, "systemuser": 4, "queue": 2, "organization": 1, "usersettings": 4} {
		if got := w.Org().Count(table); got != n {
			t.Errorf("%d rows of %s, not %d", got, table, n)
		}
	}
	shared := map[any]int{}
	for _, row := range w.Org().Rows("contact", nil) {
		shared[row["emailaddress1"]]++
		if row["_parentcustomerid_value"] == nil || row["lastname"] == nil {
			t.Errorf("contact without account or name: %v", row)
		}
	}
	doubles := 0
	for _, n := range shared {
		if n == 2 {
			doubles++
		}
	}
	if doubles != 2 {
		t.Errorf("%d addresses are shared by two contacts", doubles)
	}
	sent, received, owners := 0, 0, map[any]bool{}
	for _, row := range w.Org().Rows("email", nil) {
		owners[row["_ownerid_value"]] = true
		switch {
		case row["statecode"] != int64(1) || row["_regardingobjectid_value"] == nil || row["messageid"] == nil:
			t.Errorf("email is open, or about nothing, or from nowhere: %v", row)
		case row["statuscode"] == int64(3) && row["directioncode"] == true:
			sent++
		case row["statuscode"] == int64(4) && row["directioncode"] == false:
			received++
		default:
			t.Errorf("status %v, outgoing %v", row["statuscode"], row["directioncode"])
		}
	}
	if sent < 10 || received < 10 || len(owners) < 3 {
		t.Errorf("%d sent, %d received, by %d users", sent, received, len(owners))
	}
	// The next token of a user (R-TOKEN-06, R-TOKEN-10) must not be one in use.
	settings := w.Org().Rows("usersettings", nil)
	for i, next := range []int64{22, 32, 22, 1} {
		if settings[i]["trackingtokenid"] != int64(i+1) || settings[i]["nexttrackingnumber"] != next {
			t.Errorf("user %d: number %v, next %v", i+1, settings[i]["trackingtokenid"], settings[i]["nexttrackingnumber"])
		}
	}
}

// get asks the CRM over HTTP, as a client would.
func get(t *testing.T, w *World, path, token string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, w.Describe().CRM.URL+"/api/data/v9.2/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	raw, _ := io.ReadAll(resp.Body)
	_ = json.Unmarshal(raw, &body)
	return resp.StatusCode, body
}

func TestTheTokenIsThatOfTheUserWhoseAddressTheMailboxHas(t *testing.T) {
	w := begin(t, Options{})
	status, me := get(t, w, "WhoAmI", w.Describe().CRM.Token)
	if status != http.StatusOK {
		t.Fatalf("status %d: %v", status, me)
	}
	_, user := get(t, w, fmt.Sprintf("systemusers(%s)?$select=internalemailaddress,fullname", me["UserId"]), w.Describe().CRM.Token)
	if user["internalemailaddress"] != w.Address() || user["fullname"] != "Ann Lindqvist" {
		t.Errorf("%v", user)
	}
	if status, _ := get(t, w, "WhoAmI", "guess"); status != http.StatusUnauthorized {
		t.Errorf("a wrong token gets %d", status)
	}
}

var tokenRE = regexp.MustCompile(`CRM:\d{7}`)

// tracks tells whether the organization has an email that this message answers,
// by header or by token.
func tracks(w *World, raw []byte) (byHeader, byToken bool) {
	e, _ := open(raw)
	head := mail.Header{Header: e.Header}
	subject, _ := head.Subject()
	answers := e.Header.Get("In-Reply-To")
	for _, row := range w.Org().Rows("email", nil) {
		byHeader = byHeader || answers != "" && row["messageid"] == answers
		byToken = byToken || row["trackingtoken"] != nil && row["trackingtoken"] == tokenRE.FindString(subject)
	}
	return byHeader, byToken
}

func TestEachAnswerAnswersAMessageOrATrackedEmail(t *testing.T) {
	w := begin(t, Options{})
	known := map[string]bool{}
	for _, row := range w.Org().Rows("email", nil) {
		known[row["messageid"].(string)] = true
	}
	var all [][]byte
	for _, folder := range w.mail.Folders() {
		for _, m := range w.mail.Messages(folder) {
			e, err := open(m.Raw)
			if err != nil {
				t.Fatal(err)
			}
			known[e.Header.Get("Message-Id")] = true
			all = append(all, m.Raw)
		}
	}
	strangers, header, tokenOnly := 0, 0, 0
	for _, raw := range all {
		e, _ := open(raw)
		if parent := e.Header.Get("In-Reply-To"); parent != "" && !known[parent] {
			strangers++
		}
		h, k := tracks(w, raw)
		if h {
			header++
		} else if k && e.Header.Get("In-Reply-To") == "" {
			tokenOnly++
		}
	}
	if strangers != 1 || header < 20 || tokenOnly < 3 {
		t.Errorf("%d answer strangers, %d answer tracked mail by header, %d by token only", strangers, header, tokenOnly)
	}
}

func inbox(w *World) [][]byte {
	var out [][]byte
	for _, m := range w.mail.Messages("INBOX") {
		out = append(out, m.Raw)
	}
	return out
}

func TestCloseTakesLessThanASecondWhateverIsOpen(t *testing.T) {
	w := begin(t, Options{Life: true})
	c := signIn(t, w, nil)
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Idle(); err != nil {
		t.Fatal(err)
	}
	s, err := smtp.Dial(w.Describe().SMTP.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Hello("client.example"); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(w.Describe().CRM.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	serving := make(chan struct{})
	w.Org().Faults().NextWhen(1, func(*http.Request) bool { close(serving); return true }, localorg.Fault{Kind: localorg.Slow, Latency: time.Hour})
	hung := make(chan error, 1)
	go func() {
		resp, err := client.Get(w.Describe().CRM.URL + "/api/data/v9.2/")
		if err == nil {
			resp.Body.Close()
		}
		hung <- err
	}()
	<-serving
	began := time.Now()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("closing took %v", took)
	}
	if _, err := imapclient.DialInsecure(w.Describe().IMAP.Address, nil); err == nil {
		t.Error("the port is still open")
	}
	<-hung
}

func TestTheSameSeedMakesTheSameWorld(t *testing.T) {
	a, b, c := begin(t, Options{Seed: 3}), begin(t, Options{Seed: 3}), begin(t, Options{Seed: 4})
	for range 4 {
		for _, w := range []*World{a, b, c} {
			if err := w.Step(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.EqualFunc(inbox(a), inbox(b), bytes.Equal) {
		t.Error("two worlds of one seed differ")
	}
	if slices.EqualFunc(inbox(a), inbox(c), bytes.Equal) {
		t.Error("two seeds make one world")
	}
}

func TestAWorldCanBeLarge(t *testing.T) {
	w := begin(t, Options{Messages: 5000})
	c := signIn(t, w, nil)
	if data, err := c.Select("INBOX", nil).Wait(); err != nil || data.NumMessages < 4800 {
		t.Fatalf("%+v, %v", data, err)
	}
}
