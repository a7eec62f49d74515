package track

import (
	"fmt"
	"testing"
	"time"

	"postrider/offline"
)

// BenchmarkDecide decides messages as the agent does, with all that this package
// has to do for each: the token is looked for, the never-track list asked, the
// subject cut into words and looked up among 5,000 emails, the sender's records
// put in order, the conversation index read, and the decision made. Goal: 50,000 decisions per second and
// core.
func BenchmarkDecide(b *testing.B) {
	o := offline.Options{Smart: true, TokenPrefixes: []string{"CRM:", "Old:"}}
	s := Settings{Filter: Replies, Sent: true, Tokens: NewTokens(o.TokenPrefixes, 0), Smart: NewSmart(o),
		Never: NewNeverList([]offline.Never{{Address: "spouse@home.example"}, {Domain: "bank.example"}, {Folder: 9}})}
	past := s.Smart.Past()
	for i := range 5000 {
		past.Add(s.Smart.Print(fmt.Sprintf("Offer %d for 200 torque wrenches, second revision", 4000+i), []string{"ann@alder.example", "jana@moravia.example"}), parentOf(fmt.Sprint(i), day))
	}
	messages := make([]offline.Message, 1000)
	for i := range messages {
		m := &messages[i]
		*m = offline.Message{
			From:    []offline.Address{{Name: "Jana Nováková", Addr: fmt.Sprintf("jana.%d@moravia-tools.example", i%300)}},
			To:      []offline.Address{{Addr: "ann@alder.example"}, {Addr: "sales@alder.example"}},
			Subject: fmt.Sprintf("Re: AW: Offer %d for 200 torque wrenches, second revision", 4000+i), Date: day.Add(time.Hour),
			Places:      []offline.Place{{Folder: 1, UID: uint32(i)}},
			ThreadIndex: "Ac3cqREiMwARIjNEVWZ3iJmqu8zd7v8=",
		}
		if i%4 == 0 {
			m.Subject += " CRM:0001001"
		}
	}
	contact, lead := record(offline.KindContact, "c", 1), record(offline.KindLead, "l", 2)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		m := &messages[i%len(messages)]
		i++
		f := Facts{Sender: []offline.Record{lead, contact}}
		if s.Tokens.Find(m.Subject) != "" {
			f.ByToken = []Parent{parentOf("t", day)}
		}
		if ThreadRoot(m.ThreadIndex) == "" {
			b.Fatal("no root")
		}
		f.BySubject = past.Find(s.Smart.Print(m.Subject, Participants(m)), m.Date)
		Sender(f.Sender, offline.Ref{})
		Decide(m, f, s)
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "decisions/s")
}
