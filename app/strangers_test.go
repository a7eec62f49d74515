package app

import (
	"fmt"
	"testing"
	"time"
)

// The whole way to an organization: a stranger who answers becomes a contact
// before the email is written (R-EMAIL-10), and what names nothing is found by
// its conversation index (R-TOKEN-01) and, where the organization has it on, by
// smart matching (R-TOKEN-17 to R-TOKEN-20).
func TestStrangersAreAddedAndConversationsFoundInAnOrganization(t *testing.T) {
	r := newRig(t, "replies")
	for table, change := range map[string]struct {
		id     string
		values map[string]any
	}{
		"usersettings": {r.user, map[string]any{"autocreatecontactonpromote": 1}},
		"organization": {fmt.Sprint(r.org.Rows("organization", nil)[0]["organizationid"]), map[string]any{"enablesmartmatching": true}},
	} {
		if err := r.org.Update(table, change.id, change.values); err != nil {
			t.Fatal(err)
		}
	}
	const root = "Ad3cqREiMwARIjNEVWZ3iJmqu8zd7v8="
	const answer = "Ad3cqREiMwARIjNEVWZ3iJmqu8zd7v8BAgMEBQ=="
	at := func(n int) time.Time { return began.Add(time.Duration(n) * time.Hour) }
	stranger, other := "From: Petr Novy <petr@else.example>", "From: Ema Mala <ema@else.example>"
	r.dove.Add("Sent", letter("<root@x>", at(0), "From: Ann <"+me+">", "To: petr@else.example", "Subject: Offer for Brno", "Thread-Index: "+root))
	r.dove.Add("INBOX", letter("<thread@x>", at(1), stranger, "To: "+me, "Subject: quite another subject", "Thread-Index: "+answer))
	r.dove.Add("INBOX", letter("<alike@x>", at(2), stranger, "To: "+me, "Subject: RE: offer for brno"))
	r.dove.Add("INBOX", letter("<other@x>", at(3), other, "To: "+me, "Subject: Offer for Brno"))
	r.dove.Add("INBOX", letter("<list@x>", at(4), "From: List <list@else.example>", "To: "+me, "Subject: news", "In-Reply-To: <root@x>", "List-Id: <list.else.example>"))
	if s := r.sync(); s.Tracked != 0 {
		t.Fatalf("tracked %d too early", s.Tracked)
	}
	if out, errOut, code := r.run("track", "<root@x>", "--regarding", "opportunity:"+offerID); code != 0 {
		t.Fatalf("track: %s%s", out, errOut)
	}
	r.sync()
	if s := r.sync(); s.Tracked != 4 || s.Skipped != 1 || s.Waiting+s.Failed != 0 {
		t.Errorf("%+v", s.Counts)
	}
	petr := r.org.Rows("contact", func(c map[string]any) bool { return c["emailaddress1"] == "petr@else.example" })
	if len(petr) != 1 || petr[0]["firstname"] != "Petr" || petr[0]["lastname"] != "Novy" {
		t.Fatalf("the stranger is %v", petr)
	}
	if n := len(r.org.Rows("contact", nil)); n != len(contactIDs)+1 {
		t.Errorf("%d contacts: a mailing list, a recipient, or who is not tracked, was added", n)
	}
	for _, e := range r.org.Rows("email", nil) {
		if e["_regardingobjectid_value"] != offerID {
			t.Errorf("%v is about %v", e["messageid"], e["_regardingobjectid_value"])
		}
	}
	senders := 0
	for _, p := range r.org.Rows("activityparty", func(p map[string]any) bool { return fmt.Sprint(p["participationtypemask"]) == "1" }) {
		if p["_partyid_value"] == petr[0]["contactid"] {
			senders++
		}
	}
	if senders != 2 {
		t.Errorf("%d emails are from the new contact", senders)
	}
}
