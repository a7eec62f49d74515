package dataverse_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"

	"postrider/agent/dataverse"
	"postrider/agent/dataverse/crmtest"
	"postrider/offline"
)

// pushed carries one write out; it must go.
func pushed(t *testing.T, crm *dataverse.Client, w offline.Write) offline.Outcome {
	t.Helper()
	out, err := crm.Push(t.Context(), []offline.Write{w})
	if err != nil || out[0].Err != nil {
		t.Fatalf("%s %s: %v %v", w.Change.Op, w.Item.Ref, err, out[0].Err)
	}
	return out[0]
}

func looked(t *testing.T, crm *dataverse.Client, r offline.Ref) offline.Record {
	t.Helper()
	all, err := crm.Lookup(t.Context(), []offline.Ref{r})
	if err != nil || len(all) != 1 || all[0].Item == nil {
		t.Fatalf("look for %s: %+v %v", r, all, err)
	}
	return all[0]
}

func create(r offline.Ref, f offline.Fields) offline.Write {
	return offline.Write{Change: offline.Change{Op: offline.OpCreateItem, Record: r}, Item: &offline.OutgoingItem{Ref: r, Fields: f, GlobalID: "uid-" + r.ID}}
}

func update(r offline.Record, change offline.Fields) offline.Write {
	whole := maps.Clone(r.Item.Fields)
	maps.Copy(whole, change)
	return offline.Write{Change: offline.Change{Op: offline.OpUpdateItem, Record: r.Ref, ETag: r.ETag}, Item: &offline.OutgoingItem{Ref: r.Ref, Fields: change, Whole: whole}}
}

func items(l *local, start time.Time) map[offline.Kind][]offline.Fields {
	span := func(at time.Time, d time.Duration) string {
		return at.UTC().Format(time.RFC3339) + "/" + at.Add(d).UTC().Format(time.RFC3339)
	}
	day := start.Format(time.DateOnly)
	acc := l.create(offline.Record{Ref: offline.Ref{Kind: offline.KindAccount}, Name: "Acme"}).String()
	return map[offline.Kind][]offline.Fields{
		offline.KindAppointment: {
			{"subject": "Offer", "time": span(start, time.Hour), "show": "oof", "importance": "high", "location": "Teams", "body": "one\ntwo", "required": "ann@x.example", "optional": "bob@x.example", "regarding": acc},
			{"subject": "Fair", "time": day + "/" + start.AddDate(0, 0, 2).Format(time.DateOnly), "show": "free"},
		},
		offline.KindSeries: {
			{"subject": "Standup", "time": span(start, 15*time.Minute), "zone": "Europe/Berlin", "show": "busy", "recurrence": "FREQ=WEEKLY;COUNT=5;BYDAY=MO"},
			{"subject": "With exceptions", "time": span(start, 15*time.Minute), "zone": "Europe/Berlin", "show": "busy",
				"recurrence": "FREQ=DAILY;COUNT=6\n-" + start.AddDate(0, 0, 1).Format("20060102T150405") + "\n=" + start.AddDate(0, 0, 2).Format("20060102T150405") + ` {"subject":"Long","time":"` + span(start.AddDate(0, 0, 2), time.Hour) + `"}`},
			{"subject": "Inventory", "time": day + "/" + start.AddDate(0, 0, 1).Format(time.DateOnly), "show": "free", "recurrence": "FREQ=MONTHLY;UNTIL=" + start.AddDate(0, 6, 0).Format("20060102") + ";BYMONTHDAY=-1"},
		},
		offline.KindTask: {
			{"subject": "Call", "body": "soon", "start": day, "due": day, "percent": "50", "importance": "low", "status": "waiting", "regarding": acc},
			{"subject": "Done", "due": start.UTC().Format(time.RFC3339), "completed": day, "percent": "100", "status": "completed"},
			{"subject": "Off", "status": "canceled"},
		},
		offline.KindContact: {
			{"first": "Ann", "last": "Berg", "middle": "M", "prefix": "Dr.", "suffix": "Jr.", "nickname": "A", "yomi-first": "アン", "yomi-last": "ベ", "title": "Head", "department": "Sales", "email1": "ann@x.example", "email2": "a2@x.example", "email3": "a3@x.example",
				"phone-business": "1", "phone-business2": "2", "phone-home": "3", "phone-home2": "4", "phone-other": "5", "mobile": "6", "phone-company": "7", "phone-callback": "8", "pager": "9", "fax": "10", "assistant": "As", "assistant-phone": "11", "manager": "Ma", "manager-phone": "12",
				"website": "https://x.example", "ftp": "ftp://x.example", "spouse": "Sp", "children": "Ch", "government-id": "G", "birthday": "1980-02-03", "anniversary": "2000-05-06", "body": "notes", "parent": acc, "company": "Acme",
				"address1-street": "S 1\nYard", "address1-city": "C", "address1-region": "R", "address1-postcode": "P", "address1-country": "L", "address2-street": "H", "address2-city": "HC", "address2-region": "HR", "address2-postcode": "HP", "address2-country": "HL",
				"address3-street": "O", "address3-city": "OC", "address3-region": "OR", "address3-postcode": "OP", "address3-country": "OL"},
			{"last": "Only"},
		},
	}
}

// What is written is read back word by word: R-FIELD-10, R-FIELD-11, R-FIELD-13 and
// R-FIELD-15, upwards and downwards. R-APPT-01, R-APPT-10, R-APPT-15, R-TASK-04, R-TASK-15.
func TestItemsAreWrittenAsTheyAreRead(t *testing.T) {
	crm, l := openItems(t, func(c *dataverse.Config) { c.Items = true })
	for kind, all := range items(l, soon(t)) {
		for _, f := range all {
			r := offline.Ref{Kind: kind, ID: uuid.NewString()}
			if out := pushed(t, crm, create(r, f)); out.ETag == "" || len(out.Notes) > 0 || out.Existed {
				t.Errorf("%s: %+v", r, out)
			}
			got := looked(t, crm, r)
			if !maps.Equal(got.Item.Fields, f) {
				t.Errorf("%s:\ngot  %q\nwant %q", r, got.Item.Fields, f)
			}
			if again := pushed(t, crm, create(r, f)); !again.Existed {
				t.Errorf("%s: a repeat was not recognised", r)
			}
			if got.Item.State != offline.RecordOpen {
				continue
			}
			// Each word is changed, and cleared where it can be.
			for _, w := range keysOf(f) {
				switch w {
				case "time", "zone", "recurrence", "show", "company", "parent", "regarding", "subject", "last", "status", "completed":
					continue
				}
				for _, v := range []string{other(w), ""} {
					now := looked(t, crm, r)
					pushed(t, crm, update(now, offline.Fields{w: v}))
					if after := looked(t, crm, r).Item.Fields; after[w] != v {
						t.Errorf("%s: %s is %q, want %q", r, w, after[w], v)
					}
				}
			}
			if w := map[offline.Kind]string{offline.KindContact: "parent"}[kind]; f["regarding"] != "" || f[w] != "" {
				if w == "" {
					w = "regarding"
				}
				pushed(t, crm, update(looked(t, crm, r), offline.Fields{w: ""}))
				if after := looked(t, crm, r).Item.Fields; after[w] != "" {
					t.Errorf("%s is still about %q", r, after[w])
				}
			}
			del := offline.Write{Change: offline.Change{Op: offline.OpDelete, Record: r}}
			if out, err := crm.Push(t.Context(), []offline.Write{del}); err != nil || out[0].Err != nil {
				t.Errorf("delete %s: %v %v", r, err, out[0].Err)
			}
			if there, err := crm.Exists(t.Context(), []offline.Ref{r}); err != nil || there[r] {
				t.Errorf("%s is still there: %v", r, err)
			}
		}
	}
}

func keysOf(f offline.Fields) (out []string) {
	for w := range f {
		out = append(out, w)
	}
	return out
}

// other is another value for a word.
func other(w string) string {
	switch w {
	case "start", "birthday", "anniversary":
		return "2001-04-05"
	case "due": // never before the start: that is refused, and words come in any order
		return "2101-04-05"
	case "percent":
		return "75"
	case "importance":
		return "high"
	case "required", "optional":
		return "carl@x.example\ndora@x.example"
	case "email1", "email2", "email3":
		return "new@x.example"
	}
	return "changed"
}

// R-RECUR-01: a series changes its occurrences, and has them follow again.
func TestTheOccurrencesOfASeriesFollowWhatIsMeant(t *testing.T) {
	crm, l := openItems(t)
	start := soon(t)
	f := items(l, start)[offline.KindSeries][0]
	r := offline.Ref{Kind: offline.KindSeries, ID: uuid.NewString()}
	pushed(t, crm, create(r, f))
	at := func(weeks int) string { return start.AddDate(0, 0, 7*weeks).Format("20060102T150405") }
	for _, recurrence := range []string{
		f["recurrence"] + "\n=" + at(1) + ` {"location":"Room 1"}` + "\n-" + at(2),
		f["recurrence"] + "\n=" + at(1) + ` {"location":"Room 2"}` + "\n-" + at(2) + "\n=" + at(3) + ` {"subject":"x"}`,
		f["recurrence"] + "\n-" + at(2) + "\n-" + at(3),
		"FREQ=DAILY;COUNT=3",
	} {
		pushed(t, crm, update(looked(t, crm, r), offline.Fields{"recurrence": recurrence}))
		if got := looked(t, crm, r).Item.Fields["recurrence"]; got != recurrence {
			t.Errorf("\ngot  %q\nwant %q", got, recurrence)
		}
	}
	now := looked(t, crm, r)
	if err := l.org.Update("recurringappointmentmaster", r.ID, map[string]any{"subject": "Somebody's"}); err != nil {
		t.Fatal(err)
	}
	out, err := crm.Push(t.Context(), []offline.Write{update(now, offline.Fields{"subject": "Mine"})})
	if err != nil || offline.ClassOf(out[0].Err) != offline.FaultStale {
		t.Errorf("a change over somebody's: %v %v", err, out[0].Err)
	}
}

// Whatever fails on the way, what is repeated until it goes is there once and whole.
func TestItemsAreWrittenOnceWhateverFails(t *testing.T) {
	for _, fault := range []crmtest.Fault{crmtest.DropBefore, crmtest.DropAfter, crmtest.Throttled, crmtest.ServerError, crmtest.TokenExpired} {
		t.Run(string(fault), func(t *testing.T) {
			f, l := openLocal(t)
			crm := f.CRM.(*dataverse.Client)
			if _, err := crm.Me(t.Context()); err != nil {
				t.Fatal(err)
			}
			for kind, all := range items(l, soon(t)) {
				for i, fields := range all {
					for nth := range 4 {
						r := offline.Ref{Kind: kind, ID: uuid.NewString()}
						f.FailAt(fault, nth)
						goes(t, crm, create(r, fields))
						if n := l.org.Row(tableNames[kind], r.ID); n == nil {
							t.Fatalf("%s %d is not there", kind, i)
						}
						if kind == offline.KindContact {
							continue
						}
						if got := looked(t, crm, r).Item.Fields; got["subject"] != fields["subject"] || got["recurrence"] != fields["recurrence"] || got["status"] != fields["status"] {
							t.Fatalf("%s %d: %v", kind, i, got)
						}
					}
				}
			}
		})
	}
}

var tableNames = map[offline.Kind]string{offline.KindAppointment: "appointment", offline.KindSeries: "recurringappointmentmaster", offline.KindTask: "task", offline.KindContact: "contact"}

// goes repeats a write until it goes.
func goes(t *testing.T, crm *dataverse.Client, w offline.Write) {
	t.Helper()
	var last error
	for range 5 {
		out, err := crm.Push(context.Background(), []offline.Write{w})
		if last = out[0].Err; err == nil && last == nil {
			return
		}
	}
	t.Fatal(last)
}

// Five hundred contacts go in a few requests.
func TestManyItemsGoInFewRequests(t *testing.T) {
	crm, _ := openItems(t)
	var writes []offline.Write
	for i := range 500 {
		writes = append(writes, create(offline.Ref{Kind: offline.KindContact, ID: uuid.NewString()}, offline.Fields{"first": "A", "last": fmt.Sprint("L", i), "email1": fmt.Sprintf("p%d@x.example", i)}))
	}
	before, _ := crm.Requests()
	out, err := crm.Push(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
	}
	if after, _ := crm.Requests(); after-before > 5 {
		t.Errorf("%d requests for 500 contacts", after-before)
	}
}
