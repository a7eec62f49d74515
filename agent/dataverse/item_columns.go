package dataverse

import (
	"fmt"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/offline"
)

// priorities by importance; what is neither is normal.
var priorities = map[string]int{"low": priorityLow, "": 1, "high": priorityHigh}

// showing is how an appointment's time is shown: state and status.
var showing = map[string][2]int{"free": {0, 1}, "tentative": {0, 2}, "busy": {3, 5}, "oof": {3, 6}}

// openStatus are the status reasons of open tasks.
var openStatus = map[string]int{"": 2, "in-progress": 3, "waiting": 4, "deferred": 7}

// itemColumns are the columns of a row for those words of f that it has; whole is
// all that the record says once it is written, for columns that several words
// make. What the CRM has no place for is noted.
func (j *writeItem) itemColumns(f, whole offline.Fields) (map[string]any, error) {
	v := map[string]any{}
	for w, text := range f {
		if err := j.column(v, w, text); err != nil {
			return nil, err
		}
	}
	switch j.t.kind {
	case offline.KindAppointment:
		if t, ok := f[offline.WordTime]; ok {
			from, to, allDay, err := j.k.times(t)
			if err != nil {
				return nil, err
			}
			v["scheduledstart"], v["scheduledend"], v["isalldayevent"] = from, to, allDay
		}
	case offline.KindSeries:
		if has(f, offline.WordTime, offline.WordZone, offline.WordRecurrence) {
			if err := j.pattern(v, whole); err != nil {
				return nil, err
			}
		}
	}
	if has(f, offline.WordRequired, offline.WordOptional, offline.WordOrganizer) || j.making && j.t.kind != offline.KindTask && j.t.kind != offline.KindContact {
		v[j.t.logical+"_activity_parties"] = j.parties(whole)
	}
	for col := range v {
		if name, _, _ := strings.Cut(col, "@"); !j.c.has(j.t.logical, name) {
			delete(v, col)
		}
	}
	return v, nil
}

func has(f offline.Fields, words ...string) bool {
	for _, w := range words {
		if _, ok := f[w]; ok {
			return true
		}
	}
	return false
}

// column writes the columns of one word.
func (j *writeItem) column(v map[string]any, w, text string) error {
	columns := activityWords
	if j.t.kind == offline.KindContact {
		columns = contactWords
	}
	if col := columns[w]; col != "" {
		v[col] = j.cut(col, text)
		return nil
	}
	switch w {
	case offline.WordRegarding, offline.WordParent:
		return j.bind(v, w, text)
	case "importance":
		v["prioritycode"] = priorities[text]
	case offline.WordShow:
		if s, ok := showing[text]; ok && !j.making { // what is made is open and free at first
			v["statecode"], v["statuscode"] = s[0], s[1]
		}
	case "percent":
		n := 0
		fmt.Sscan(text, &n)
		v["percentcomplete"] = n
	case "start", "due", "completed":
		at, err := j.k.instant(text)
		v[map[string]string{"start": "scheduledstart", "due": "scheduledend", "completed": "actualend"}[w]] = at
		return err
	case offline.WordStatus:
		if s, ok := openStatus[text]; ok {
			v["statecode"], v["statuscode"] = 0, s
		}
	case "birthday", "anniversary":
		col := map[string]string{"birthday": "birthdate", "anniversary": "anniversary"}[w]
		if v[col] = nil; text != "" && !strings.HasPrefix(text, "--") {
			v[col] = text
		}
	case "photo":
		if v["entityimage"] = nil; text != "" {
			v["entityimage"] = text
		}
	case "address1-street", "address2-street", "address3-street":
		j.street(v, w[:8], text)
	}
	return nil
}

// cut is a text as long as its column takes, nil where it is empty.
func (j *writeItem) cut(col, text string) any {
	if text == "" {
		return nil
	}
	n := 0
	j.c.under(func() { n = j.c.limits[j.t.logical+"."+col] })
	if n > 0 {
		text, _ = cutUnits(text, n)
	}
	return text
}

// street spreads lines over three columns, the last of which takes all that is
// left.
func (j *writeItem) street(v map[string]any, slot, text string) {
	lines := strings.SplitN(text, "\n", streetLines)
	for i := range streetLines {
		col := fmt.Sprintf("%s_line%d", slot, i+1)
		if v[col] = nil; i < len(lines) && lines[i] != "" {
			v[col] = j.cut(col, strings.ReplaceAll(lines[i], "\n", ", "))
		}
	}
}

// bind writes a lookup: what an activity is about, whom a contact belongs to.
func (j *writeItem) bind(v map[string]any, w, text string) error {
	if text == "" {
		if j.nav != "" {
			v[j.nav+"@odata.bind"] = nil
		}
		return nil
	}
	to, ok := offline.ParseRef(text)
	nav := ""
	if t, known := j.c.tableOf(to.Kind); ok && known && w == offline.WordRegarding && t.regarding != "" {
		nav = strings.TrimSuffix(t.regarding, "_email") + "_" + j.t.logical
	} else if others[to.Kind] != "" && w == offline.WordRegarding {
		nav = "regardingobjectid_" + string(to.Kind) + "_" + j.t.logical
	} else if w == offline.WordParent && (to.Kind == offline.KindAccount || to.Kind == offline.KindContact) {
		nav = "parentcustomerid_" + string(to.Kind)
	}
	if nav == "" || j.c.path(to) == "" || j.orphan {
		j.note(fmt.Sprintf("what it belongs to, a %s, can't be set", to.Kind))
		return nil
	}
	v[nav+"@odata.bind"] = "/" + j.c.path(to)
	return nil
}

// times are the instants of the word of time; whole days are the user's.
func (k clock) times(s string) (from, to time.Time, allDay bool, err error) {
	if from, to, allDay, err = recur.Times(s); err == nil && allDay {
		from, to = k.begin(from), k.begin(to)
	}
	return from.UTC(), to.UTC(), allDay, err
}

// begin is when a day begins where the user is.
func (k clock) begin(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, k.user)
}

// instant is a day or an instant as an instant; nil where there is none.
func (k clock) instant(s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return k.begin(t).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return nil, fmt.Errorf("%q is neither a day nor a time", s)
	}
	return t.UTC(), nil
}

// pattern writes the columns of a recurrence.
func (j *writeItem) pattern(v map[string]any, whole offline.Fields) error {
	from, to, allDay, err := j.k.times(whole[offline.WordTime])
	if err != nil {
		return err
	}
	zone := j.k.user
	if !allDay {
		zone = location(whole[offline.WordZone])
	}
	code, ok := zoneCode(zone.String(), from)
	if !ok {
		return fmt.Errorf("the CRM knows no time zone like %s", zone)
	}
	s, err := recur.Parse(whole[offline.WordRecurrence])
	if err != nil {
		return err
	}
	start := from.In(zone)
	p, err := recur.ToPattern(s.Rule, start)
	if err != nil {
		return err
	}
	v["recurrencepatterntype"], v["interval"], v["utcconversiontimezonecode"] = int(p.Kind), p.Interval, code
	v["patternstartdate"], v["starttime"], v["endtime"], v["isalldayevent"] = from, from, to, allDay
	v["daysofweekmask"], v["dayofmonth"], v["monthofyear"], v["instance"] = some(p.Days), some(p.Day), some(p.Month), some(p.Nth)
	v["isnthmonthly"], v["isnthyearly"] = p.Kind == recur.Monthly && p.Nth > 0, p.Kind == recur.Yearly && p.Nth > 0
	v["isweekdaypattern"] = false
	v["patternendtype"], v["occurrences"], v["patternenddate"] = 1, some(p.Count), nil
	if p.Count > 0 {
		v["patternendtype"] = 2
	}
	if p.Until != "" {
		last, err := time.ParseInLocation("20060102", p.Until, zone)
		if err != nil {
			return fmt.Errorf("the end of a recurrence: %w", err)
		}
		v["patternendtype"], v["patternenddate"] = 3, time.Date(last.Year(), last.Month(), last.Day(), start.Hour(), start.Minute(), start.Second(), 0, zone).UTC()
	}
	if j.making {
		v["firstdayofweek"] = p.FirstDay
	}
	return nil
}

func some(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// roles are the participation types of the people of meetings.
var roles = map[offline.PartyRole]int{offline.RoleOrganizer: maskOrganizer, offline.RoleRequired: maskRequired, offline.RoleOptional: maskOptional}

// parties is the whole list of a meeting's people. Only users can organize; where
// nobody is named, the user does.
func (j *writeItem) parties(whole offline.Fields) []map[string]any {
	out := []map[string]any{}
	known := map[string][]offline.Ref{}
	for _, p := range j.w.Item.Parties {
		known[offline.Fold(p.Address.Addr)] = append(known[offline.Fold(p.Address.Addr)], p.Records...)
	}
	if whole[offline.WordOrganizer] == "" && j.k.me.ID != "" {
		out = append(out, map[string]any{"participationtypemask": maskOrganizer, "partyid_systemuser@odata.bind": "/" + path(j.k.me)})
	}
	for _, list := range [...]struct {
		word string
		role offline.PartyRole
	}{{offline.WordOrganizer, offline.RoleOrganizer}, {offline.WordRequired, offline.RoleRequired}, {offline.WordOptional, offline.RoleOptional}} {
		for p := range strings.SplitSeq(whole[list.word], "\n") {
			if p != "" {
				out = append(out, j.party(addressOf(p), list.role, known[addressOf(p)])...)
			}
		}
	}
	return out
}

// party is one person: the first record that can take part, with the address; the
// address alone where there is none.
func (j *writeItem) party(addr string, role offline.PartyRole, records []offline.Ref) []map[string]any {
	v := map[string]any{"participationtypemask": roles[role], "addressused": addr}
	for _, r := range records {
		t, ok := j.c.tableOf(r.Kind)
		fits := ok && t.party != "" && j.c.path(r) != "" && !j.lost[r]
		if role == offline.RoleOrganizer {
			fits = fits && r.Kind == offline.KindUser
		} else {
			fits = fits && r.Kind != offline.KindTeam && r.Kind != offline.KindEquipment && r.Kind != offline.KindUnit
		}
		if fits {
			v[t.party+"@odata.bind"] = "/" + j.c.path(r)
			return []map[string]any{v}
		}
	}
	if role == offline.RoleOrganizer {
		return nil // the CRM knows organizers among its users only
	}
	return []map[string]any{v}
}
