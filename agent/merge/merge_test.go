package merge

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/offline"
)

// The field tables are those of R-FIELD-10, -11, -13 and -15: word by word, the
// direction that holds where nobody set one, and whether the organization may.
// R-APPT-14: the time of an appointment is one field.
func TestTheFieldTablesAreThoseOfTheRules(t *testing.T) {
	for _, c := range []struct {
		rule       string
		kind       offline.Kind
		all, fixed string
	}{
		{"R-FIELD-10", offline.KindAppointment, "subject body location", "time importance optional organizer regarding required show"},
		{"R-FIELD-11", offline.KindSeries, "subject body location", "time zone recurrence importance optional organizer regarding required show"},
		{"R-FIELD-13", offline.KindTask, "percent completed due body start subject", "importance regarding status"},
		{"R-FIELD-15", offline.KindContact, `anniversary assistant assistant-phone birthday fax phone-business phone-business2 phone-callback children phone-company department email1 email2 email3
			ftp government-id phone-home phone-home2 title manager manager-phone mobile nickname body phone-other pager spouse website yomi-first yomi-last
			address1-street address1-city address1-region address1-postcode address1-country address2-street address2-city address2-region address2-postcode address2-country
			address3-street address3-city address3-region address3-postcode address3-country`, "prefix first middle last suffix parent company photo"},
	} {
		var all, fixed []string
		for _, f := range Table(c.kind) {
			if f.Default != Both && f.Word != wordCompany {
				t.Errorf("%s %s goes %s by default", c.rule, f.Word, f.Default)
			}
			if f.Name == "" || f.Column == "" {
				t.Errorf("%s %s has no name or no column", c.rule, f.Word)
			}
			if f.Fixed {
				fixed = append(fixed, f.Word)
			} else {
				all = append(all, f.Word)
			}
		}
		same := func(got []string, want string) {
			w := strings.Fields(want)
			slices.Sort(got)
			slices.Sort(w)
			if !slices.Equal(got, w) {
				t.Errorf("%s:\ngot  %v\nwant %v", c.rule, got, w)
			}
		}
		same(all, c.all)
		same(fixed, c.fixed)
	}
}

// f makes fields of "word", "value", ...
func f(pairs ...string) offline.Fields {
	out := offline.Fields{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// R-FIELD-01: by the organization's directions.
func TestEachFieldGoesItsWay(t *testing.T) {
	for _, kind := range []offline.Kind{offline.KindAppointment, offline.KindSeries, offline.KindTask, offline.KindContact} {
		for _, row := range Table(kind) {
			dirs := map[Direction][2]bool{Both: {true, true}}
			if row.Word == wordCompany {
				dirs = map[Direction][2]bool{Down: {false, true}}
			}
			if !row.Fixed {
				dirs[Up], dirs[Down], dirs[None] = [2]bool{true, false}, [2]bool{false, true}, [2]bool{}
			}
			for d, goes := range dirs {
				old, fresh := "one", "two"
				if row.Word == offline.WordOrganizer {
					continue // goes when a thing is made, see TestTheOrganizerStays
				}
				if row.Word == "photo" { // a picture never follows another
					old = ""
				}
				o := Options{ThreeAddresses: true, Company: true, Directions: map[string]Direction{row.Word: d}}
				base, changed := f(row.Word, old), f(row.Word, fresh)
				if row.Word == "start" { // or else it would be the due date, too (R-TASK-05)
					base["due"], changed["due"] = "three", "three"
				}
				up := Merge(kind, base, changed, base, o)
				down := Merge(kind, base, base, changed, o)
				if got := [2]bool{up.ToRecord[row.Word] == fresh, down.ToItem[row.Word] == fresh}; got != goes || len(up.ToItem) > 0 || len(down.ToRecord) > 0 {
					t.Errorf("%s %s %s: goes up and down: %v, want %v", kind, row.Word, d, got, goes)
				}
			}
			if row.Fixed && row.Word != wordCompany && row.Word != offline.WordOrganizer {
				// What is fixed can't be set otherwise.
				r := Merge(kind, nil, f(row.Word, "two"), nil, Options{Directions: map[string]Direction{row.Word: None}})
				if r.ToRecord[row.Word] != "two" {
					t.Errorf("%s %s is fixed and was set to none", kind, row.Word)
				}
			}
		}
	}
}

// R-UNTRACK-08 is not followed: a subject goes as any other field. R-SYNC-02: only what changed is written.
func TestMerging(t *testing.T) {
	long := strings.Repeat("å", 2500)
	for name, c := range map[string]struct {
		kind                      offline.Kind
		base, item, record        offline.Fields
		o                         Options
		toItem, toRecord, settled offline.Fields
		clashes                   string
	}{
		"R-CONFLICT-03: only what changed goes": {kind: offline.KindContact, base: f("last", "A", "title", "x", "mobile", "1"), item: f("last", "A", "title", "y", "mobile", "1"), record: f("last", "A", "title", "x", "mobile", "2"),
			toItem: f("mobile", "2"), toRecord: f("title", "y"), settled: f("last", "A", "title", "y", "mobile", "2")},
		"both to the same":                 {kind: offline.KindTask, base: f("subject", "a"), item: f("subject", "b"), record: f("subject", "b"), settled: f("subject", "b")},
		"R-CONFLICT: the CRM's value wins": {kind: offline.KindTask, base: f("subject", "a"), item: f("subject", "b"), record: f("subject", "c"), toItem: f("subject", "c"), settled: f("subject", "c"), clashes: "subject"},
		"mine":                             {kind: offline.KindTask, base: f("subject", "a"), item: f("subject", "b"), record: f("subject", "c"), o: Options{Prefer: Mine}, toRecord: f("subject", "b"), settled: f("subject", "b"), clashes: "subject"},
		"newest, mine":                     {kind: offline.KindTask, item: f("subject", "b"), record: f("subject", "c"), o: Options{Prefer: Newest, ItemChanged: time.Unix(2, 0), RecordChanged: time.Unix(1, 0)}, toRecord: f("subject", "b"), settled: f("subject", "b"), clashes: "subject"},
		"newest, theirs":                   {kind: offline.KindTask, item: f("subject", "b"), record: f("subject", "c"), o: Options{Prefer: Newest, ItemChanged: time.Unix(1, 0), RecordChanged: time.Unix(2, 0)}, toItem: f("subject", "c"), settled: f("subject", "c"), clashes: "subject"},
		"ask":                              {kind: offline.KindTask, base: f("subject", "a"), item: f("subject", "b"), record: f("subject", "c"), o: Options{Prefer: Ask}, settled: f("subject", "a"), clashes: "subject"},
		"what is cleared":                  {kind: offline.KindTask, base: f("subject", "a", "body", "x"), item: f("subject", "a"), record: f("subject", "a", "body", "x"), toRecord: f("body", ""), settled: f("subject", "a")},
		"R-FIELD-02: a one-way value stays here until the other changes": {kind: offline.KindTask, base: f("body", "a"), item: f("body", "mine"), record: f("body", "a"), o: Options{Directions: map[string]Direction{"body": Down}}, settled: f("body", "a")},
		"R-CONFLICT-05: the source of a one-way field wins":              {kind: offline.KindTask, base: f("body", "a"), item: f("body", "mine"), record: f("body", "theirs"), o: Options{Directions: map[string]Direction{"body": Down}}, toItem: f("body", "theirs"), settled: f("body", "theirs")},
		"R-FIELD-06: a text in other line ends and spaces":               {kind: offline.KindTask, base: f("body", "a\nb"), item: f("body", "a\r\nb  \n"), record: f("body", "a\nb"), settled: f("body", "a\r\nb  \n")},
		"a phone spelled otherwise":                                      {kind: offline.KindContact, base: f("mobile", "+46 (36) 12-34"), item: f("mobile", "+46361234"), record: f("mobile", "+46 36 12 34"), settled: f("mobile", "+46361234")},
		"people are their addresses":                                     {kind: offline.KindAppointment, base: f("required", "a@x\nb@x B"), item: f("required", "a@x Anna\nb@x"), record: f("required", "a@x\nb@x Bea"), settled: f("required", "a@x Anna\nb@x")},
		"each side invites somebody":                                     {kind: offline.KindAppointment, base: f("required", "a@x"), item: f("required", "a@x\nb@x"), record: f("required", "a@x\nc@x"), toItem: f("required", "a@x\nb@x\nc@x"), toRecord: f("required", "a@x\nb@x\nc@x"), settled: f("required", "a@x\nb@x\nc@x")},
		"each side changes another occurrence": {kind: offline.KindSeries, base: f("recurrence", "FREQ=DAILY;COUNT=9"), item: f("recurrence", "FREQ=DAILY;COUNT=9\n-20260103T090000"), record: f("recurrence", "FREQ=DAILY;COUNT=9\n-20260102T090000"),
			toItem: f("recurrence", "FREQ=DAILY;COUNT=9\n-20260102T090000\n-20260103T090000"), toRecord: f("recurrence", "FREQ=DAILY;COUNT=9\n-20260102T090000\n-20260103T090000"), settled: f("recurrence", "FREQ=DAILY;COUNT=9\n-20260102T090000\n-20260103T090000")},
		"two names of one time zone": {kind: offline.KindSeries, item: f("zone", "Europe/Stockholm"), record: f("zone", "Europe/Berlin"), settled: f("zone", "Europe/Stockholm")},
		"two time zones":             {kind: offline.KindSeries, item: f("zone", "Europe/Stockholm"), record: f("zone", "Europe/London"), toItem: f("zone", "Europe/London"), settled: f("zone", "Europe/London"), clashes: "zone"},
		"two rules":                  {kind: offline.KindSeries, base: f("recurrence", "FREQ=DAILY"), item: f("recurrence", "FREQ=WEEKLY"), record: f("recurrence", "FREQ=MONTHLY"), toItem: f("recurrence", "FREQ=MONTHLY"), settled: f("recurrence", "FREQ=MONTHLY"), clashes: "recurrence"},
		"R-TASK-05: the due date is the start where there is none": {kind: offline.KindTask, item: f("start", "2026-01-02"), record: f("start", "2026-01-02", "due", "2026-01-02"), settled: f("start", "2026-01-02", "due", "2026-01-02")},
		"a text longer than the CRM takes is cut there only":       {kind: offline.KindTask, item: f("body", long), record: f("body", ""), toRecord: f("body", long[:4000]), settled: f("body", long)},
		"and what was cut off is no change":                        {kind: offline.KindTask, base: f("body", long), item: f("body", long), record: f("body", long[:4000]), settled: f("body", long)},
		"but a change of the record is":                            {kind: offline.KindTask, base: f("body", long), item: f("body", long), record: f("body", "short"), toItem: f("body", "short"), settled: f("body", "short")},
		"and one of the item":                                      {kind: offline.KindTask, base: f("body", long), item: f("body", "x"+long), record: f("body", long[:4000]), toRecord: f("body", "x"+long[:3998]), settled: f("body", "x"+long)},
		"R-CONTACT-05: one address":                                {kind: offline.KindContact, item: f("address1-city", "A", "address2-city", "B"), record: f("address3-city", "C"), toRecord: f("address1-city", "A"), settled: f("address1-city", "A")},
		"R-CONTACT-06: three addresses":                            {kind: offline.KindContact, item: f("address1-city", "A", "address2-city", "B"), record: f("address3-city", "C"), o: Options{ThreeAddresses: true}, toItem: f("address3-city", "C"), toRecord: f("address1-city", "A", "address2-city", "B"), settled: f("address1-city", "A", "address2-city", "B", "address3-city", "C")},
		"R-REGARDING-04: the company stays the card's own":         {kind: offline.KindContact, base: f("company", "A"), item: f("company", "A"), record: f("company", "B"), settled: f("company", "A")},
		"R-REGARDING-06: or follows the parent account":            {kind: offline.KindContact, base: f("company", "A"), item: f("company", "A"), record: f("company", "B"), o: Options{Company: true}, toItem: f("company", "B"), settled: f("company", "B")},
		"R-REGARDING-05: and never makes one":                      {kind: offline.KindContact, item: f("company", "A"), record: f(), o: Options{Company: true}, settled: f()},
		"a birthday without a year":                                {kind: offline.KindContact, item: f("birthday", "--02-03"), record: f(), settled: f("birthday", "--02-03")},
		"a photo that the CRM made smaller":                        {kind: offline.KindContact, base: f("photo", "1"), item: f("photo", "large"), record: f("photo", "small"), settled: f("photo", "1")},
		"a photo that was taken off":                               {kind: offline.KindContact, base: f("photo", "1"), item: f(), record: f("photo", "small"), toRecord: f("photo", ""), settled: f()},
		"R-TRACK-22: a closed record takes nothing":                {kind: offline.KindTask, base: f("subject", "a", "body", "x"), item: f("subject", "b", "body", "x"), record: f("subject", "a", "body", "y"), o: Options{Closed: true}, toItem: f("body", "y"), settled: f("subject", "a", "body", "y")},
		"private and categories are nobody else's":                 {kind: offline.KindTask, item: f("private", "1", "categories", "A"), record: f(), settled: f()},
	} {
		t.Run(name, func(t *testing.T) {
			r := Merge(c.kind, c.base, c.item, c.record, c.o)
			if !maps.Equal(r.ToItem, c.toItem) || !maps.Equal(r.ToRecord, c.toRecord) || !maps.Equal(r.Base, c.settled) {
				t.Errorf("to item %v, to record %v, base %v\nwant %v, %v, %v", r.ToItem, r.ToRecord, r.Base, c.toItem, c.toRecord, c.settled)
			}
			var clashes []string
			for _, k := range r.Conflicts {
				clashes = append(clashes, k.Word)
			}
			if strings.Join(clashes, " ") != c.clashes {
				t.Errorf("conflicts %v, want %q", clashes, c.clashes)
			}
		})
	}
}

// R-APPT-11, R-APPT-17: a guest may track, and what the guest's copy says changes
// nothing but what the meeting is about.
func TestAGuestsCopyNeverChangesWhatAnOrganizerInTheCRMAnswersFor(t *testing.T) {
	base := f("subject", "a", "time", "1/2", "required", "a@x")
	r := Merge(offline.KindAppointment, base, f("subject", "b", "time", "3/4", "required", "a@x\nb@x", "show", "free", "regarding", "account:1"), base, Options{Guest: true})
	if !maps.Equal(r.ToRecord, f("regarding", "account:1")) || len(r.ToItem) > 0 {
		t.Errorf("to record %v, to item %v", r.ToRecord, r.ToItem)
	}
	r = Merge(offline.KindAppointment, base, base, f("subject", "b", "time", "1/2", "required", "a@x"), Options{Guest: true})
	if !maps.Equal(r.ToItem, f("subject", "b")) {
		t.Errorf("to item %v", r.ToItem)
	}
}

// R-APPT-08: the organizer is said when an appointment is made, and what the organizer's own
// program says later goes up; what the CRM says later never changes an invitation.
func TestTheOrganizerStays(t *testing.T) {
	one, two := f("organizer", "a@x A"), f("organizer", "b@x")
	if r, _ := NewRecord(offline.KindAppointment, one, Options{}); r["organizer"] != "a@x A" {
		t.Errorf("a new record: %v", r)
	}
	if i := NewItem(offline.KindAppointment, two, Options{}); i["organizer"] != "b@x" {
		t.Errorf("a new item: %v", i)
	}
	if r := Merge(offline.KindAppointment, one, two, one, Options{}); r.ToRecord["organizer"] != "b@x" {
		t.Errorf("another organizer of the item: %+v", r)
	}
	for _, record := range []offline.Fields{two, {}} {
		if r := Merge(offline.KindAppointment, one, one, record, Options{}); !r.Quiet() {
			t.Errorf("another organizer of the record: %+v", r)
		}
	}
}

func TestANewRecordGetsWhatTheCRMCanNotDoWithout(t *testing.T) {
	none := map[string]Direction{}
	for _, row := range Table(offline.KindTask) {
		none[row.Word] = None
	}
	got, words := NewRecord(offline.KindTask, f("subject", strings.Repeat("s", 201), "body", "b", "importance", "high", "start", "2026-01-02"), Options{Directions: none})
	if !maps.Equal(got, f("subject", strings.Repeat("s", 200), "importance", "high")) || !slices.Equal(words, []string{"subject"}) { // R-FIELD-03
		t.Errorf("%v, cut %v", got, words)
	}
	got, _ = NewRecord(offline.KindContact, f("last", "B", "company", "Acme", "birthday", "--02-03", "address2-city", "Home"), Options{})
	if !maps.Equal(got, f("last", "B")) {
		t.Errorf("contact %v", got)
	}
	if item := NewItem(offline.KindContact, f("last", "B", "company", "Acme", "address2-city", "Home"), Options{}); !maps.Equal(item, f("last", "B", "company", "Acme")) {
		t.Errorf("item %v", item)
	}
}

// values of a word, few enough that sides often agree.
func drawFields(t *rapid.T, kind offline.Kind, name string) offline.Fields {
	out := offline.Fields{}
	fields := Table(kind)
	for range rapid.IntRange(0, 6).Draw(t, name+" fields") {
		row := fields[rapid.IntRange(0, len(fields)-1).Draw(t, name+" word")]
		v := rapid.SampledFrom([]string{"", "a", "b", "a ", "a@x A\nb@x", "a@x\nc@x", "FREQ=DAILY\n-20260101", "FREQ=DAILY\n-20260102", "--02-03", "2001-02-03", "+46 36 1", "+46361", strings.Repeat("long ", 500)}).Draw(t, name+" value")
		if v != "" {
			out[row.Word] = v
		}
	}
	return out
}

func apply(to, changes offline.Fields) offline.Fields {
	to = maps.Clone(to)
	for w, v := range changes {
		if to[w] = v; v == "" {
			delete(to, w)
		}
	}
	return to
}

func drawOptions(t *rapid.T, kind offline.Kind) Options {
	o := Options{
		Prefer:         rapid.SampledFrom([]Prefer{Theirs, Mine, Newest}).Draw(t, "prefer"),
		ThreeAddresses: rapid.Bool().Draw(t, "three"), Company: rapid.Bool().Draw(t, "company"), Guest: rapid.Bool().Draw(t, "guest"), Closed: rapid.Bool().Draw(t, "closed"),
		Directions: map[string]Direction{},
	}
	for _, row := range Table(kind) {
		if rapid.IntRange(0, 9).Draw(t, "set") == 0 {
			o.Directions[row.Word] = rapid.SampledFrom([]Direction{Both, Up, Down, None}).Draw(t, "direction")
		}
	}
	return o
}

var kinds = []offline.Kind{offline.KindAppointment, offline.KindSeries, offline.KindTask, offline.KindContact}

// Once a merge is written, another has nothing to do; what both agree on stays
// agreed; and a value that loses is told.
func TestAMergeIsDoneOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		base, item, record := drawFields(t, kind, "base"), drawFields(t, kind, "item"), drawFields(t, kind, "record")
		o := drawOptions(t, kind)
		r := Merge(kind, base, item, record, o)
		item2, record2 := apply(item, r.ToItem), apply(record, r.ToRecord)
		again := Merge(kind, r.Base, item2, record2, o)
		if !again.Quiet() || len(again.Conflicts) > 0 {
			t.Fatalf("the second merge writes %v and %v, conflicts %v", again.ToItem, again.ToRecord, again.Conflicts)
		}
		if len(r.ToItem)+len(r.ToRecord) > 0 {
			half := Merge(kind, r.Now, item, record, o)
			if !maps.Equal(half.ToItem, r.ToItem) || !maps.Equal(half.ToRecord, r.ToRecord) {
				t.Fatalf("with what is agreed already it writes %v and %v, not %v and %v", half.ToItem, half.ToRecord, r.ToItem, r.ToRecord)
			}
		}
		for w, v := range r.ToItem {
			old := item[w]
			if old == "" || Same(kind, w, old, base[w]) || Same(kind, w, old, v) {
				continue
			}
			if !slices.ContainsFunc(r.Conflicts, func(c Clash) bool { return c.Word == w && c.Mine == old }) && o.Directions[w] != Down && !o.Guest && !o.Closed && w != wordCompany {
				if row, _ := find(kind, w); row.join == nil {
					t.Fatalf("%s: the item's %q is lost to %q without a word", w, old, v)
				}
			}
		}
	})
}

// Were the sides exchanged, the mirrored merge would be the result.
func TestAMergeFavoursNoSideButByChoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]offline.Kind{offline.KindAppointment, offline.KindSeries}).Draw(t, "kind")
		base, item, record := drawFields(t, kind, "base"), drawFields(t, kind, "item"), drawFields(t, kind, "record")
		for _, side := range [...]offline.Fields{base, item, record} {
			delete(side, offline.WordOrganizer) // whose way is its own
		}
		limits := map[string]int{"subject": 0, "body": 0, "location": 0}
		a := Merge(kind, base, item, record, Options{Prefer: Theirs, Limits: limits})
		b := Merge(kind, base, record, item, Options{Prefer: Mine, Limits: limits})
		if !maps.Equal(a.ToItem, b.ToRecord) || !maps.Equal(a.ToRecord, b.ToItem) {
			t.Fatalf("%v and %v, mirrored %v and %v", a.ToItem, a.ToRecord, b.ToRecord, b.ToItem)
		}
	})
}
