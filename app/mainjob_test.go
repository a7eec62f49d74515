package app

import (
	"fmt"
	"testing"
	"time"

	"postrider/agent/imap/imaptest"
)

var began = time.Now().UTC().Truncate(time.Hour).AddDate(0, -2, 0)

// mailing is a mailbox made by rule, and what is to come of it.
type mailing struct {
	folders map[string][]imaptest.Mail
	want    []string // as rig.tracked describes it, for the filter "people"
}

// makeMailing makes n messages by rule, so that what is to come of each is known
// here without asking the program.
func makeMailing(n int) mailing {
	m := mailing{folders: map[string][]imaptest.Mail{}}
	for i := range n {
		id := fmt.Sprintf("<%d@mail.example>", i)
		at := began.Add(time.Duration(i) * time.Minute)
		subject := fmt.Sprintf("Subject no. %d", i)
		folder, from, who := "INBOX", "", ""
		about, answers := "<nil>", ""
		var more []string
		switch i % 10 {
		case 0, 1, 2: // contacts
			c := i % 10
			from, who = contactAddr(c), contactIDs[c]
		case 3:
			from, who = leadAddr, leadID
		case 4: // a contact who answers a tracked email: it is about what that is about
			from, who = contactAddr(0), contactIDs[0]
			about, answers = offerID, "<seed@mail.example>"
			more = []string{"References: <seed@mail.example>", "In-Reply-To: <seed@mail.example>"}
		case 5, 6: // strangers
			from = fmt.Sprintf("stranger%d@else.example", i)
		case 7: // a user is no lead, contact or account
			from = colleague
		case 8:
			folder, from = "Sent", me
		case 9: // a folder that is not read
			folder, from, who = "Archive", contactAddr(1), contactIDs[1]
		}
		headers := append([]string{"From: Somebody <" + from + ">", "To: " + me, "Cc: other@else.example", "Subject: " + subject}, more...)
		m.folders[folder] = append(m.folders[folder], letter(id, at, headers...))
		if who != "" && folder == "INBOX" {
			m.want = append(m.want, fmt.Sprintf("%s out=false state=1/4 about=%s answers=%s files=0 1:%s:%s 2:%s:ann 3:other@else.example:<nil> | %s",
				id, about, answers, from, who, me, subject))
		}
	}
	return m
}

// seedTracked puts an email into the organization that a colleague tracked.
func (r *rig) seedTracked(id, token, about string) string {
	r.t.Helper()
	row := map[string]any{"subject": "Seed", "messageid": id, "directioncode": false, "regardingobjectid_opportunity_email@odata.bind": "/opportunities(" + about + ")", "statecode": 1, "statuscode": 4}
	if token != "" {
		row["trackingtoken"] = token
	}
	got, err := r.org.Create("email", row)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// 1: exactly the emails that the filter names, with the right parties,
// regarding and state (R-EMAIL-05, R-EMAIL-13, R-EMAIL-14, R-TOKEN-02); a second
// run writes nothing.
func TestTwoThousandMessagesBecomeExactlyTheEmailsThatTheFilterNames(t *testing.T) {
	r := newRig(t, "people")
	r.seedTracked("<seed@mail.example>", "", offerID)
	seed := r.tracked()
	m := makeMailing(2000)
	for folder, mails := range m.folders {
		r.dove.Add(folder, mails...)
	}
	s := r.sync()
	diff(t, r.tracked(), append(seed, m.want...))
	if s.Seen != 1800 || s.Tracked != len(m.want) || s.Skipped != 1800-len(m.want) || s.Failed+s.Waiting != 0 {
		t.Errorf("counts %+v", s.Counts)
	}
	if s.Requests.CRM >= 60 {
		t.Errorf("%d requests for %d emails", s.Requests.CRM, len(m.want))
	}

	r.org.ResetStats()
	s = r.sync()
	if s.Requests.CRMWrites != 0 || r.org.Stats().WriteOperations != 0 {
		t.Errorf("the second run wrote: %+v, %+v", s.Requests, r.org.Stats())
	}
	diff(t, r.tracked(), append(seed, m.want...))
}

// 4: a reply is tracked by itself and inherits the regarding, by header and,
// headers stripped, by token (R-EMAIL-04, R-TOKEN-02).
//
// R-TOKEN-14.
func TestAReplyIsTrackedByItselfByHeaderAndByToken(t *testing.T) {
	r := newRig(t, "replies")
	r.seedTracked("<seed@mail.example>", "CRM:0001007", offerID)
	r.dove.Add("INBOX",
		letter("<by-header@x>", began, "From: "+contactAddr(0), "To: "+me, "Subject: Re: Seed", "In-Reply-To: <seed@mail.example>"),
		letter("<by-token@x>", began, "From: "+contactAddr(1), "To: "+me, "Subject: Re: Seed CRM:0001007"),
		letter("<neither@x>", began, "From: "+contactAddr(2), "To: "+me, "Subject: something else"))
	r.dove.Add("Sent", letter("<mine@x>", began.Add(time.Hour), "From: "+me, "To: "+contactAddr(0), "Subject: Re: Re: Seed", "In-Reply-To: <by-header@x>"))
	s := r.sync()
	if s.Tracked != 3 || s.Skipped != 1 {
		t.Errorf("counts %+v", s.Counts)
	}
	about := map[string]string{}
	for _, e := range r.org.Rows("email", nil) {
		about[fmt.Sprint(e["messageid"])] = fmt.Sprint(e["_regardingobjectid_value"], " ", e["statuscode"])
	}
	for id, want := range map[string]string{"<by-header@x>": offerID + " 4", "<by-token@x>": offerID + " 4", "<mine@x>": offerID + " 3"} {
		if about[id] != want {
			t.Errorf("%s is about %q, want %q", id, about[id], want)
		}
	}
}
