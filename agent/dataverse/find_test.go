package dataverse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"postrider/offline"
)

// held answers a filter on messageid from a list, whichever way it is asked.
func held(t *testing.T, a asked, ids []string, in bool) said {
	t.Helper()
	var asks []string
	if m := regexp.MustCompile(`PropertyName='messageid',PropertyValues=(\[.*\])\)`).FindStringSubmatch(a.path); m != nil {
		if !in {
			return fails(400, "0x80060888", "Unknown function 'Microsoft.Dynamics.CRM.In'")
		}
		if err := json.Unmarshal([]byte(m[1]), &asks); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
	for _, m := range regexp.MustCompile(`messageid eq '((?:[^']|'')*)'`).FindAllStringSubmatch(a.path, -1) {
		asks = append(asks, strings.ReplaceAll(m[1], "''", "'"))
	}
	var rows []string
	for i, id := range ids {
		for _, asked := range asks {
			if asked == id {
				quoted, _ := json.Marshal(id)
				rows = append(rows, fmt.Sprintf(`{"activityid":"eeeeeeee-0000-4000-8000-%012d","messageid":%s}`, i, quoted))
			}
		}
	}
	return ok(`{"value":[` + strings.Join(rows, ",") + `]}`)
}

func TestEmailsAreFoundByAnyMessageIDInFewRequests(t *testing.T) {
	odd := []string{`<o'neil&co+x#1%20y@ex.com>`, `<"a b"@ex.com>`, `<back\slash@ex.com>`, `<ž/?;=,@ex.com>`, `<%27@ex.com>`}
	for _, in := range []bool{true, false} {
		var ids []string
		for n := range 1000 {
			ids = append(ids, fmt.Sprintf("<%d.%s@example.com>", n, strings.Repeat("x", 60)))
		}
		there := append([]string{ids[0], ids[500], ids[999]}, odd...)
		s := &scripted{op: func(a asked) said { return held(t, a, there, in) }}
		c := s.start(t)
		for round := range 2 {
			before, _ := c.Requests()
			got, err := c.EmailsByIdentity(t.Context(), append(append(ids, odd...), append(odd, "", strings.Repeat("y", 400))...))
			if err != nil || len(got) != len(there) {
				t.Fatalf("in %v: %d found: %v", in, len(got), err)
			}
			if all, writes := c.Requests(); all-before > 2 || round == 1 && all-before != 1 || writes != 0 {
				t.Errorf("in %v: %d requests", in, all-before)
			}
		}
		for _, a := range s.log() {
			if n := len(escape(a.path)); n > 60000 {
				t.Errorf("a query of %d characters", n)
			}
		}
	}
}

func TestOnlyA404MeansThatARecordIsNotThere(t *testing.T) {
	var refs []offline.Ref
	for n := range 6 {
		refs = append(refs, ref(offline.KindContact, fmt.Sprintf("cccccccc-0000-4000-8000-%012d", n)))
	}
	s := &scripted{op: func(a asked) said {
		switch {
		case strings.HasPrefix(a.path, "contacts?"): // a listing shows what may be read
			return ok(`{"value":[{"contactid":"` + refs[0].ID + `"},{"contactid":"` + refs[1].ID + `"},{"contactid":"` + refs[2].ID + `"}]}`)
		case strings.HasPrefix(a.path, "contacts("+refs[3].ID):
			return fails(403, codeDenied, "not yours")
		}
		return fails(404, codeGone, "Does Not Exist")
	}}
	c := s.start(t)
	got, err := c.Exists(t.Context(), append(refs, refs[0]))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range refs {
		if got[r] != (i < 4) {
			t.Errorf("%d: %v", i, got[r])
		}
	}
	if all, _ := c.Requests(); all != 2 {
		t.Errorf("%d requests", all)
	}
	s.op = func(asked) said { return fails(500, "", "oops") }
	if _, err := c.Exists(t.Context(), refs[:1]); offline.ClassOf(err) != offline.FaultServer {
		t.Errorf("a failure passes for an answer: %v", err)
	}
}

func TestASearchIsOneRequestForAllKindsBestFirst(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		switch {
		case strings.HasPrefix(a.path, "leads"):
			return fails(403, codeDenied, "no")
		case strings.HasPrefix(a.path, "contacts"):
			if !strings.Contains(a.path, "statecode eq 0 and (contains(fullname,'o''neil') or contains(emailaddress1,'o''neil')") {
				t.Errorf("asked %s", a.path)
			}
			return ok(`{"value":[{"contactid":"` + cont + `","fullname":"Bea O'Neil"},{"contactid":"` + mail + `","fullname":"O'Neil Tom"}]}`)
		}
		return ok(`{"value":[{"accountid":"` + acct + `","name":"O'Neil"}]}`)
	}}
	c := s.start(t)
	got, err := c.Search(t.Context(), " o'neil ", []offline.Kind{offline.KindContact, offline.KindLead, offline.KindAccount}, 2)
	if err != nil || len(got) != 2 || got[0].Name != "O'Neil" || got[1].Name != "O'Neil Tom" {
		t.Errorf("%+v, %v", got, err)
	}
	if all, _ := c.Requests(); all != 1 {
		t.Errorf("%d requests", all)
	}
}

func TestWildcardsInASearchMeanThemselves(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		if !strings.Contains(a.path, "contains(name,'50%_')") {
			t.Errorf("asked %s", a.path)
		}
		return ok(`{"value":[{"accountid":"` + acct + `","name":"50%[ Club"},{"accountid":"` + cont + `","name":"500 Club"}]}`)
	}}
	got, err := s.start(t).Search(t.Context(), "50%[", []offline.Kind{offline.KindAccount}, 5)
	if err != nil || len(got) != 1 || got[0].Name != "50%[ Club" {
		t.Errorf("%+v, %v", got, err)
	}
}
