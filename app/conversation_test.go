package app

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A conversation of six people, three on each side, ten messages, some of them
// written in another mail program: in the CRM it is one thread about one record
// (R-TOKEN-01, R-TOKEN-02, R-EMAIL-35).
func TestAConversationOfSixPeopleIsOneThreadAboutOneRecord(t *testing.T) {
	t.Parallel() // it waits more than it works
	ann := newRig(t, "replies")
	if _, err := ann.org.AddUser("Carl", "Carlsson", "carl@alder.example"); err != nil {
		t.Fatal(err)
	}
	ann.oneActivity()
	bob, carl := ann.colleague(colleague, "replies"), ann.colleague("carl@alder.example", "replies")
	office := openPostOffice(t)
	people := []*rig{ann, bob, carl}
	for _, r := range people {
		office.serve(r, "replies")
		r.sync()
	}
	c0, c1, c2 := contactAddr(0), contactAddr(1), contactAddr(2)
	n := 0
	var ids []string
	everybodySyncs := func() {
		t.Helper()
		n++
		for i := range people {
			people[(i+n)%3].sync()
		}
	}
	// written is sent with Postrider; its message is then brought to the others.
	written := func(r *rig, args ...string) parcel {
		t.Helper()
		d := r.write("As discussed.\n", args...)
		r.sync()
		got := office.collect()
		if len(got) != 1 || got[0].header(t, "Message-ID") != d.MessageID {
			t.Fatalf("%d messages were sent", len(got))
		}
		office.deliver(got[0])
		ids = append(ids, d.MessageID)
		everybodySyncs()
		return got[0]
	}
	// elsewhere is written in another mail program.
	elsewhere := func(id, from string, sentBox *rig, to []string, headers ...string) {
		t.Helper()
		m := letter(id, began.Add(time.Duration(n)*time.Hour), append([]string{"From: " + from, "To: " + strings.Join(to, ", ")}, headers...)...)
		if sentBox != nil {
			sentBox.dove.Add("Sent", m)
		}
		office.deliver(parcel{from: from, to: to, raw: m.Raw})
		ids = append(ids, id)
		everybodySyncs()
	}

	first := written(ann, "--to", c0, "--cc", c1+", "+colleague, "--subject", "The Brno line", "--regarding", "opportunity:"+offerID)
	m1 := ids[0]
	subject := first.header(t, "Subject")
	elsewhere("<2@acme.example>", c0, nil, []string{me, colleague, c1}, "Subject: Re: "+subject, "In-Reply-To: "+m1, "References: "+m1)
	elsewhere("<3@phone.example>", colleague, bob, []string{c0, me, c1}, "Subject: Re: The Brno line", "In-Reply-To: <2@acme.example>", "References: "+m1+" <2@acme.example>")
	// A phone that knows no References, and brings somebody new.
	elsewhere("<4@acme.example>", c1, nil, []string{colleague, me, c2}, "Subject: AW: The Brno line", "In-Reply-To: <3@phone.example>")
	// A program that keeps no header at all: the token tells.
	elsewhere("<5@acme.example>", c2, nil, []string{me}, "Subject: "+subject)
	written(ann, "--reply-all", "<5@acme.example>", "--cc", "carl@alder.example")
	sixth := ids[len(ids)-1]
	written(carl, "--reply-all", sixth)
	elsewhere("<8@acme.example>", c0, nil, []string{"carl@alder.example"}, "Subject: Re: The Brno line", "In-Reply-To: "+ids[len(ids)-1])
	ninth := written(bob, "--reply-all", "<4@acme.example>")
	// Another subject and no header but the conversation's index.
	index := ninth.header(t, "Thread-Index")
	if index == "" {
		t.Error("what Postrider sends bears no Thread-Index")
	}
	elsewhere("<10@acme.example>", c2, nil, []string{colleague, me}, "Subject: Brno again", "Thread-Index: "+index)
	everybodySyncs()

	rows := map[string]map[string]any{}
	for _, e := range ann.org.Rows("email", nil) {
		id := fmt.Sprint(e["messageid"])
		if rows[id] != nil {
			t.Errorf("%s is there twice", id)
		}
		rows[id] = e
	}
	if len(rows) != len(ids) {
		t.Errorf("%d emails of %d messages", len(rows), len(ids))
	}
	byRecord := map[string]string{}
	for id, e := range rows {
		byRecord[fmt.Sprint(e["activityid"])] = id
	}
	for i, id := range ids {
		e := rows[id]
		if e == nil {
			t.Errorf("message %d, %s, is not in the CRM", i+1, id)
			continue
		}
		if fmt.Sprint(e["_regardingobjectid_value"]) != offerID {
			t.Errorf("message %d is about %v", i+1, e["_regardingobjectid_value"])
		}
		// The chain of what answers what leads back to the first message.
		at, steps := id, 0
		for at != m1 && at != "" && steps <= len(ids) {
			at = byRecord[fmt.Sprint(rows[at]["_correlatedactivityid_value"])]
			steps++
		}
		if at != m1 {
			t.Errorf("message %d does not hang on the first one", i+1)
		}
	}
}
