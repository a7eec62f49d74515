package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"postrider/agent/imap/imaptest"
	"postrider/app/demo"
	"postrider/app/localorg"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the program itself where a test starts it
// anew: as postrider in script files, and by asProgram elsewhere.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	testscript.Main(m, map[string]func(){
		"postrider": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

const asProgram = "POSTRIDER_TEST_AS_PROGRAM"

// rig is a Dovecot, an organization over HTTP, and a profile between them.
type rig struct {
	t     testing.TB
	dove  *imaptest.Dovecot
	org   *localorg.Org
	addr  string // the user's mail address; empty: me
	user  string // the user's id in the organization
	url   string
	token string
	home  string
	// mailbox are more lines of that section of the configuration.
	mailbox []string
	// program is what command runs; empty: this test binary as the program.
	program string
}

const (
	me           = "ann@alder.example"
	colleague    = "bob@alder.example"
	testStoreKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// The records of the rig's organization have ids of their own making, so that
// two organizations can be compared.
func guid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

var (
	accountID  = guid(1)
	offerID    = guid(2)
	contactIDs = []string{guid(10), guid(11), guid(12)}
	leadID     = guid(20)
	queueID    = guid(30)
)

func contactAddr(i int) string { return fmt.Sprintf("contact%d@acme.example", i) }

const leadAddr = "lead@new.example"

// startOrg makes an organization with a few people in it, on loopback.
func (r *rig) startOrg() {
	r.t.Helper()
	org, err := localorg.Open(localorg.Options{Limits: localorg.Limits{Requests: -1, Execution: -1, Concurrent: -1}, Tables: []localorg.Table{demo.ProjectTable()}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { org.Close() })
	must := func(_ string, err error) {
		if err != nil {
			r.t.Helper()
			r.t.Fatal(err)
		}
	}
	if r.user, err = org.AddUser("Ann", "Lindqvist", me); err != nil {
		r.t.Fatal(err)
	}
	must(org.AddUser("Bob", "Berg", colleague))
	must(org.Create("account", map[string]any{"accountid": accountID, "name": "Acme"}))
	must(org.Create("opportunity", map[string]any{"opportunityid": offerID, "name": "Offer for Brno", "customerid_account@odata.bind": "/accounts(" + accountID + ")"}))
	for i, id := range contactIDs {
		must(org.Create("contact", map[string]any{"contactid": id, "firstname": "C", "lastname": fmt.Sprint(i), "emailaddress1": contactAddr(i), "parentcustomerid_account@odata.bind": "/accounts(" + accountID + ")"}))
	}
	must(org.Create("lead", map[string]any{"leadid": leadID, "subject": "New", "lastname": "Lead", "emailaddress1": leadAddr}))
	must(org.Create("queue", map[string]any{"queueid": queueID, "name": "Support", "emailaddress": "support@alder.example"}))
	web := httptest.NewServer(org.Handler())
	r.t.Cleanup(web.Close)
	r.org, r.url, r.token = org, web.URL, "token-of-ann"
	org.Grant(r.token, r.user)
}

// newRig starts the servers and writes the profile's configuration.
func newRig(t testing.TB, filter string, more ...string) *rig {
	t.Helper()
	r := &rig{t: t, dove: imaptest.StartDovecot(t, imaptest.Options{User: me})}
	r.startOrg()
	r.newHome(filter, more...)
	return r
}

// colleague is another user of the same organization, with a mailbox and a
// Postrider of their own.
func (r *rig) colleague(addr, filter string, more ...string) *rig {
	r.t.Helper()
	users := r.org.Rows("systemuser", func(u map[string]any) bool { return u["internalemailaddress"] == addr })
	if len(users) != 1 {
		r.t.Fatalf("the organization has %d users with the address %s", len(users), addr)
	}
	c := &rig{t: r.t, dove: imaptest.StartDovecot(r.t, imaptest.Options{User: addr}), org: r.org, url: r.url, addr: addr, program: r.program}
	c.user, c.token = fmt.Sprint(users[0]["systemuserid"]), "token-of-"+addr
	r.org.Grant(c.token, c.user)
	c.newHome(filter, more...)
	return c
}

// oneActivity makes the organization want one email of a message between its
// users, whoever tracks it; as it comes it wants two (R-EMAIL-22).
func (r *rig) oneActivity() {
	r.t.Helper()
	org := r.org.Rows("organization", nil)[0]
	if err := r.org.Update("organization", fmt.Sprint(org["organizationid"]), map[string]any{"ignoreinternalemail": true}); err != nil {
		r.t.Fatal(err)
	}
}

// newHome makes another, empty profile for the same servers.
func (r *rig) newHome(filter string, more ...string) {
	r.t.Helper()
	r.home = r.t.TempDir()
	r.configure(filter, more...)
}

func (r *rig) configure(filter string, more ...string) {
	r.t.Helper()
	addr := cmp.Or(r.addr, me)
	text := fmt.Sprintf(`[mailbox]
address = %q
imap = "imaps://%s@%s"
password_command = "echo %s"
ca_file = %q
%s
[track]
filter = %q
%s
[crm]
url = %q
token_command = "echo %s"
[store]
key_command = "echo %s"
`, addr, strings.ReplaceAll(addr, "@", "%40"), r.dove.TLSAddr, r.dove.Password, r.dove.CAFile, strings.Join(r.mailbox, "\n"), filter, strings.Join(more, "\n"), r.url, r.token, testStoreKey)
	if err := os.WriteFile(filepath.Join(r.home, configFile), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// command is the program with these arguments on the rig's profile.
func (r *rig) command(ctx context.Context, args ...string) *exec.Cmd {
	program := r.program
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			r.t.Fatal(err)
		}
		program = self
	}
	cmd := exec.CommandContext(ctx, program, append(args, "--home", r.home)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func (r *rig) run(args ...string) (out, errOut string, code int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := r.command(ctx, args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		r.t.Fatalf("run %v: %v", args, err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// sync does one sync in a process of its own; it must end well.
func (r *rig) sync() syncJSON {
	r.t.Helper()
	out, errOut, code := r.run("sync", "--once", "--json")
	var s syncJSON
	if err := json.Unmarshal([]byte(out), &s); err != nil || code != 0 {
		r.t.Fatalf("sync ended with %d: %v\n%s%s", code, err, out, errOut)
	}
	return s
}

// letter makes a message from headers given as "Name: value".
func letter(id string, at time.Time, headers ...string) imaptest.Mail {
	h := []string{"Message-ID: " + id, "Date: " + at.Format(time.RFC1123Z), "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"}
	raw := strings.Join(append(h, headers...), "\r\n") + "\r\n\r\nHello, this is " + strings.Trim(id, "<>") + ".\r\n"
	return imaptest.Mail{Raw: []byte(raw), At: at}
}

// tracked describes the email records of the organization, one line each,
// without what differs from one organization to the next.
func (r *rig) tracked() []string {
	messageID := map[string]string{}
	for _, e := range r.org.Rows("email", nil) {
		messageID[fmt.Sprint(e["activityid"])] = fmt.Sprint(e["messageid"])
	}
	parties := map[string][]string{}
	for _, p := range r.org.Rows("activityparty", nil) {
		mask := fmt.Sprint(p["participationtypemask"])
		if mask == "8" || mask == "9" { // regarding and owner, which the CRM adds itself
			continue
		}
		id := fmt.Sprint(p["_activityid_value"])
		who := fmt.Sprint(p["_partyid_value"])
		if who == r.user {
			who = "ann"
		}
		parties[id] = append(parties[id], fmt.Sprintf("%s:%v:%v", mask, p["addressused"], who))
	}
	files := map[string]int{}
	for _, a := range r.org.Rows("activitymimeattachment", nil) {
		files[fmt.Sprint(a["_objectid_value"])]++
	}
	var out []string
	for _, e := range r.org.Rows("email", nil) {
		id := fmt.Sprint(e["activityid"])
		sort.Strings(parties[id])
		out = append(out, fmt.Sprintf("%v out=%v state=%v/%v about=%v answers=%v files=%d %v | %v",
			e["messageid"], e["directioncode"], e["statecode"], e["statuscode"], e["_regardingobjectid_value"],
			messageID[fmt.Sprint(e["_correlatedactivityid_value"])], files[id], strings.Join(parties[id], " "), e["subject"]))
	}
	sort.Strings(out)
	return out
}

func diff(t testing.TB, got, want []string) {
	t.Helper()
	has := func(list []string) map[string]int {
		m := map[string]int{}
		for _, s := range list {
			m[s]++
		}
		return m
	}
	g, w := has(got), has(want)
	n := 0
	for s, k := range w {
		if g[s] < k && n < 10 {
			t.Errorf("missing (%d of %d): %s", g[s], k, s)
			n++
		}
	}
	for s, k := range g {
		if w[s] < k && n < 20 {
			t.Errorf("too much (%d, wanted %d): %s", k, w[s], s)
			n++
		}
	}
}
