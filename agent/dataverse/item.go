package dataverse

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/offline"
)

// Columns of the items' tables beyond those of all tables (table reference:
// appointment, recurringappointmentmaster, task).
var (
	activityColumns = []string{"description", "prioritycode", "statuscode", "_regardingobjectid_value"}
	seriesColumns   = []string{"location", "globalobjectid", "isalldayevent", "recurrencepatterntype", "patternendtype", "patternstartdate", "patternenddate", "interval", "occurrences", "daysofweekmask", "dayofmonth",
		"monthofyear", "instance", "isnthmonthly", "isnthyearly", "isweekdaypattern", "firstdayofweek", "starttime", "endtime", "utcconversiontimezonecode", "seriesstatus", "deletedexceptionslist"}
)

// itemsOf are the tables of activities that are items, or are like them.
var itemsOf = []table{
	{kind: offline.KindTask, set: "tasks", logical: "task", id: "activityid", name: "subject", owner: true, state: "statecode",
		extra: append(slices.Clone(activityColumns), "scheduledstart", "scheduledend", "actualend", "percentcomplete")},
	{kind: offline.KindAppointment, set: "appointments", logical: "appointment", id: "activityid", name: "subject", owner: true, state: "statecode",
		extra: append(slices.Clone(activityColumns), "location", "globalobjectid", "isalldayevent", "scheduledstart", "scheduledend", "instancetypecode", "seriesid", "originalstartdate")},
	{kind: offline.KindSeries, set: "recurringappointmentmasters", logical: "recurringappointmentmaster", id: "activityid", name: "subject", owner: true, state: "statecode",
		extra: append(slices.Clone(activityColumns), seriesColumns...)},
}

// contactColumns are those that a contact needs as an item.
func contactItemColumns() []string {
	cols := []string{"birthdate", "anniversary", "entityimage"}
	for _, c := range contactWords {
		cols = append(cols, c)
	}
	for _, n := range [...]string{"1", "2", "3"} {
		for _, l := range [...]string{"1", "2", "3"} {
			cols = append(cols, "address"+n+"_line"+l)
		}
	}
	slices.Sort(cols)
	return cols
}

// Instance types of appointments (table reference: appointment.instancetypecode).
const (
	instanceOne       = 0
	instanceOfSeries  = 2
	instanceException = 3
	instanceFuture    = 4
)

// Priorities (prioritycode).
const (
	priorityLow  = 0
	priorityHigh = 2
)

// clock is by what times of items are read and written.
type clock struct {
	user *time.Location // of the user's settings
	me   offline.Ref
}

func (c *Client) clock() (k clock) {
	c.under(func() { k = clock{user: location(c.opts.Zone), me: c.user} })
	return k
}

// item is the neutral form of a row of an item's table; nil where the table has
// none. The people of a meeting are added by addParties, the occurrences of a
// series by addOccurrences.
func (t table) item(r row, k clock) *offline.RecordItem {
	it := &offline.RecordItem{Fields: offline.Fields{}, State: offline.RecordOpen}
	switch t.kind {
	case offline.KindContact:
		contactItem(r, it)
	case offline.KindTask:
		taskItem(r, it, k)
	case offline.KindAppointment:
		appointmentItem(r, it, k)
	case offline.KindSeries:
		seriesItem(r, it, k)
	default:
		return nil
	}
	return it
}

func set(f offline.Fields, word, v string) {
	if v != "" {
		f[word] = v
	}
}

// text is a column as a text: LF at the ends of lines, and no spaces there.
func (r row) tidy(col string) string {
	lines := strings.Split(strings.ReplaceAll(r.text(col), "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func contactItem(r row, it *offline.RecordItem) {
	for word, col := range contactWords {
		v := strings.TrimSpace(r.text(col))
		if word == "body" {
			v = r.tidy(col)
		}
		set(it.Fields, word, v)
	}
	for _, n := range [...]string{"1", "2", "3"} {
		var lines []string
		for _, l := range [...]string{"1", "2", "3"} {
			if v := strings.TrimSpace(r.text("address" + n + "_line" + l)); v != "" {
				lines = append(lines, v)
			}
		}
		set(it.Fields, "address"+n+"-street", strings.Join(lines, "\n"))
	}
	set(it.Fields, "birthday", r.day("birthdate"))
	set(it.Fields, "anniversary", r.day("anniversary"))
	set(it.Fields, "photo", r.text("entityimage"))
	parent := r.ref("parentcustomerid", offline.KindAccount)
	set(it.Fields, offline.WordParent, parent.String())
	set(it.Fields, "company", strings.TrimSpace(r.text("_parentcustomerid_value"+formattedValue)))
	if r.number("statecode") != 0 {
		it.State = offline.RecordCompleted
	}
}

func (r row) day(col string) string {
	if t := r.when(col); !t.IsZero() {
		return t.Format(time.DateOnly)
	}
	return ""
}

// activity reads what all activities have.
func activity(r row, it *offline.RecordItem) {
	f := it.Fields
	set(f, offline.WordSubject, strings.Join(strings.Fields(r.text("subject")), " "))
	set(f, "body", r.tidy("description"))
	set(f, "location", strings.TrimSpace(r.text("location")))
	if r["prioritycode"] != nil {
		switch r.number("prioritycode") {
		case priorityLow:
			f["importance"] = "low"
		case priorityHigh:
			f["importance"] = "high"
		}
	}
	set(f, offline.WordRegarding, r.ref("regardingobjectid", "").String())
	it.GlobalID = uidOf(r.text("globalobjectid"))
	switch r.number("statecode") {
	case 1:
		it.State = offline.RecordCompleted
	case 2:
		it.State = offline.RecordCanceled
	}
}

// Status reasons of open tasks (table reference: task.statuscode).
var taskStatuses = map[int64]string{3: "in-progress", 4: "waiting", 7: "deferred"}

func taskItem(r row, it *offline.RecordItem, k clock) {
	activity(r, it)
	f := it.Fields
	set(f, "start", k.moment(r.when("scheduledstart")))
	set(f, "due", k.moment(r.when("scheduledend")))
	set(f, "completed", k.moment(r.when("actualend")))
	if n := r.number("percentcomplete"); n > 0 {
		f["percent"] = strconv.FormatInt(n, 10)
	}
	switch it.State {
	case offline.RecordCompleted:
		f[offline.WordStatus] = "completed"
	case offline.RecordCanceled:
		f[offline.WordStatus] = "canceled"
	default:
		set(f, offline.WordStatus, taskStatuses[r.number("statuscode")])
	}
}

// moment is an instant, or a day where it is the midnight of the user's.
func (k clock) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if at := t.In(k.user); at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
		return at.Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339)
}

// Status reasons of appointments that say how the time is shown (table reference:
// appointment.statuscode).
var shown = map[int64]string{1: "free", 2: "tentative", 5: "busy", 6: "oof"}

func show(r row) string {
	if v := shown[r.number("statuscode")]; v != "" {
		return v
	}
	return "free" // what is completed or canceled takes nobody's time
}

func appointmentItem(r row, it *offline.RecordItem, k clock) {
	activity(r, it)
	it.Fields[offline.WordShow] = show(r)
	set(it.Fields, offline.WordTime, k.span(r.when("scheduledstart"), r.when("scheduledend"), r.yes("isalldayevent")))
	if id := strings.ToLower(r.text("seriesid")); id != "" && r.number("instancetypecode") >= instanceOfSeries {
		it.Series = offline.Ref{Kind: offline.KindSeries, ID: id}
	}
}

// span is the word of time. Whole days are midnights of the user's zone; what
// another zone's user made may be off by hours, and the nearest is meant.
func (k clock) span(from, to time.Time, allDay bool) string {
	if from.IsZero() {
		return ""
	}
	if !allDay {
		return recur.Time(from, to, false)
	}
	first, last := k.midnight(from), k.midnight(to)
	if !last.After(first) {
		last = first.AddDate(0, 0, 1)
	}
	return recur.Time(first, last, true)
}

// midnight is the day whose midnight is nearest, as its midnight in UTC.
func (k clock) midnight(t time.Time) time.Time {
	at := t.In(k.user).Add(12 * time.Hour)
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
}

func seriesItem(r row, it *offline.RecordItem, k clock) {
	activity(r, it)
	f := it.Fields
	f[offline.WordShow] = show(r)
	s := readSeries(r, k)
	set(f, offline.WordTime, s.time())
	if !s.allDay {
		f[offline.WordZone] = s.zone.String()
	}
	f[offline.WordRecurrence] = recur.FromPattern(s.pattern)
}

// series is what the columns of a recurring appointment say.
type series struct {
	pattern recur.Pattern
	zone    *time.Location
	start   time.Time // of the first occurrence, in zone
	length  time.Duration
	allDay  bool
}

// readSeries reads the pattern. Its first day is the first that fits it.
func readSeries(r row, k clock) series {
	s := series{zone: location(zoneName(r.number("utcconversiontimezonecode"))), allDay: r.yes("isalldayevent"), length: r.when("endtime").Sub(r.when("starttime"))}
	num := func(col string) int { return int(min(r.number(col), math.MaxInt32)) }
	p := recur.Pattern{Kind: recur.PatternKind(num("recurrencepatterntype")), Interval: max(1, num("interval")), Days: num("daysofweekmask"), FirstDay: num("firstdayofweek")}
	if p.Kind == recur.Weekly && p.Days == 0 && r.yes("isweekdaypattern") {
		p.Days = 62
	}
	if p.Kind = max(recur.Daily, min(p.Kind, recur.Yearly)); p.Kind == recur.Daily {
		p.Days = 0
	}
	if p.Kind == recur.Yearly {
		p.Month = num("monthofyear")
	}
	if p.Kind == recur.Monthly && r.yes("isnthmonthly") || p.Kind == recur.Yearly && r.yes("isnthyearly") {
		p.Nth = num("instance")
	} else if p.Kind >= recur.Monthly {
		p.Day, p.Days = num("dayofmonth"), 0
	}
	first := r.when("patternstartdate").In(s.zone)
	switch num("patternendtype") {
	case 2:
		p.Count = num("occurrences")
	case 3:
		p.Until = r.when("patternenddate").In(s.zone).Format("20060102")
	}
	at := r.when("starttime").In(s.zone)
	s.pattern = p
	begin := time.Date(first.Year(), first.Month(), first.Day(), at.Hour(), at.Minute(), at.Second(), 0, s.zone)
	if s.allDay {
		begin = time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, time.UTC)
	}
	s.start = begin
	if all, err := (recur.Series{Rule: recur.FromPattern(p)}).Expand(begin, 0, s.allDay, begin, begin.AddDate(10, 0, 0), 1); err == nil && len(all) > 0 {
		s.start = all[0].Start
	}
	return s
}

func (s series) time() string {
	if s.allDay {
		return recur.Time(s.start, s.start.AddDate(0, 0, max(1, int((s.length+12*time.Hour)/(24*time.Hour)))), true)
	}
	return recur.Time(s.start, s.start.Add(s.length), false)
}

// globalPrefix begins a global object id that holds the UID of a calendar
// ([MS-OXCICAL] section 2.1.3.1.1.20.26; vCal-Uid).
const globalPrefix = "040000008200E00074C5B7101A82E008"

// uidOf is the UID that a globalobjectid stands for: what is written there by
// itself, or in the vendor's form behind "vCal-Uid".
func uidOf(id string) string {
	if len(id) < len(globalPrefix) || !strings.EqualFold(id[:len(globalPrefix)], globalPrefix) {
		return strings.TrimSpace(id)
	}
	raw := make([]byte, 0, len(id)/2)
	for i := 0; i+1 < len(id); i += 2 {
		b, err := strconv.ParseUint(id[i:i+2], 16, 8)
		if err != nil {
			return strings.ToUpper(id)
		}
		raw = append(raw, byte(b))
	}
	const mark = "vCal-Uid\x01\x00\x00\x00"
	if _, uid, ok := strings.Cut(string(raw), mark); ok {
		return strings.TrimRight(uid, "\x00")
	}
	return strings.ToUpper(id)
}
