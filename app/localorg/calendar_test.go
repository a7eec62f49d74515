package localorg

import (
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// series makes a series at nine in Berlin by the pattern columns in more.
func (w *world) series(more string) string {
	w.t.Helper()
	r := w.call("POST", "recurringappointmentmasters", `{"subject":"Round","starttime":"2026-03-02T08:00:00Z","endtime":"2026-03-02T08:30:00Z","patternstartdate":"2026-03-01T23:00:00Z","utcconversiontimezonecode":110,`+more+`}`, "Prefer", "return=representation")
	w.want(r, 201, "")
	return r.json["activityid"].(string)
}

// starts are when the occurrences of a series begin, with their instance type.
func (w *world) starts(series string) (out []string) {
	for _, r := range w.org.Rows("appointment", func(r map[string]any) bool { return r["seriesid"] == series }) {
		out = append(out, fmt.Sprint(r["scheduledstart"].(time.Time).Format("2006-01-02T15:04Z"), " ", r["instancetypecode"]))
	}
	slices.Sort(out)
	return out
}

func TestASeriesIsExpandedByItsPatternInItsOwnZone(t *testing.T) { // R-RECUR-02
	for _, c := range []struct{ name, columns, want string }{
		{"every day across the change to summer time", `"recurrencepatterntype":0,"interval":14,"patternendtype":2,"occurrences":3`, "2026-03-02T08:00Z 2026-03-16T08:00Z 2026-03-30T07:00Z"},
		{"two days every second week", `"recurrencepatterntype":1,"interval":2,"daysofweekmask":10,"firstdayofweek":1,"patternendtype":2,"occurrences":4`, "2026-03-02T08:00Z 2026-03-04T08:00Z 2026-03-16T08:00Z 2026-03-18T08:00Z"},
		{"every weekday", `"recurrencepatterntype":1,"interval":1,"isweekdaypattern":true,"patternendtype":3,"patternenddate":"2026-03-08T23:00:00Z"`, "2026-03-02T08:00Z 2026-03-03T08:00Z 2026-03-04T08:00Z 2026-03-05T08:00Z 2026-03-06T08:00Z 2026-03-09T08:00Z"},
		{"the last day of short months", `"recurrencepatterntype":2,"interval":1,"dayofmonth":31,"patternendtype":2,"occurrences":3`, "2026-03-31T07:00Z 2026-04-30T07:00Z 2026-05-31T07:00Z"},
		{"the last Friday of the month", `"recurrencepatterntype":2,"interval":1,"isnthmonthly":true,"instance":5,"daysofweekmask":32,"patternendtype":2,"occurrences":2`, "2026-03-27T08:00Z 2026-04-24T07:00Z"},
		{"the last day of the month, whichever", `"recurrencepatterntype":2,"interval":1,"isnthmonthly":true,"instance":5,"daysofweekmask":127,"patternendtype":2,"occurrences":2`, "2026-03-31T07:00Z 2026-04-30T07:00Z"},
		{"the second Tuesday of May", `"recurrencepatterntype":3,"interval":1,"isnthyearly":true,"instance":2,"daysofweekmask":4,"monthofyear":5,"patternendtype":2,"occurrences":1`, "2026-05-12T07:00Z"},
		{"the tenth of June", `"recurrencepatterntype":3,"interval":1,"dayofmonth":10,"monthofyear":6,"patternendtype":2,"occurrences":1`, "2026-06-10T07:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			got := strings.ReplaceAll(strings.Join(w.starts(w.series(c.columns)), " "), "Z 2 ", "Z ")
			if got = strings.TrimSuffix(got, " 2"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestASeriesWithoutEndIsExpandedWithinTheWindow(t *testing.T) { // R-RECUR-04
	w := newWorld(t)
	id := w.series(`"recurrencepatterntype":1,"interval":1,"daysofweekmask":2,"patternendtype":1`)
	before := len(w.starts(id))
	if before < 52 || before > 53 || w.org.Row("recurringappointmentmaster", id)["expansionstatecode"] != int64(1) {
		t.Errorf("%d occurrences of a year", before)
	}
	w.clock.add(28 * 24 * time.Hour)
	if err := w.org.Expand(); err != nil {
		t.Fatal(err)
	}
	if after := len(w.starts(id)); after != before+4 {
		t.Errorf("%d occurrences after four more weeks, before %d", after, before)
	}
}

func TestOccurrencesOfASeriesAreChangedAndDeletedByThemselves(t *testing.T) { // R-RECUR-02
	w := newWorld(t)
	id := w.series(`"recurrencepatterntype":0,"interval":1,"patternendtype":2,"occurrences":4`)
	at := func(day string) string {
		for _, r := range w.org.Rows("appointment", nil) {
			if r["originalstartdate"].(time.Time).Format(time.DateOnly) == day {
				return r["activityid"].(string)
			}
		}
		return ""
	}
	moved := `{"scheduledstart":"2026-03-04T12:00:00Z","scheduledend":"2026-03-04T13:00:00Z"}`
	w.want(w.call("PATCH", "appointments("+at("2026-03-03")+")", moved), 400, codeInvalidArgument) // to the day of another one
	w.want(w.call("PATCH", "appointments("+at("2026-03-03")+")", strings.ReplaceAll(moved, "03-04", "03-03")), 204, "")
	w.want(w.call("DELETE", "appointments("+at("2026-03-04")+")", ""), 204, "")
	w.want(w.call("PATCH", "recurringappointmentmasters("+id+")", `{"subject":"Square","location":"Hall"}`), 204, "")
	w.want(w.call("PATCH", "appointments("+at("2026-03-05")+")", `{"subject":"Triangle"}`), 204, "")
	w.want(w.call("PATCH", "recurringappointmentmasters("+id+")", `{"subject":"Circle"}`), 204, "")
	if got := strings.Join(w.starts(id), " "); got != "2026-03-02T08:00Z 2 2026-03-03T12:00Z 3 2026-03-05T08:00Z 3" {
		t.Errorf("occurrences: %s", got)
	}
	for day, want := range map[string]string{"2026-03-03": "Circle", "2026-03-05": "Triangle"} {
		if r := w.org.Row("appointment", at(day)); r["subject"] != want || r["location"] != "Hall" {
			t.Errorf("%s: %v in %v, want %s", day, r["subject"], r["location"], want)
		}
	}
	if list := w.org.Row("recurringappointmentmaster", id)["deletedexceptionslist"]; list != "2026-03-04T08:00:00Z" {
		t.Errorf("deleted: %v", list)
	}
	w.want(w.call("DELETE", "recurringappointmentmasters("+id+")", ""), 204, "")
	if w.org.Count("appointment") != 0 || w.org.Count("activityparty") != 0 {
		t.Errorf("%d occurrences outlive their series, %d parties", w.org.Count("appointment"), w.org.Count("activityparty"))
	}
}

func TestANewPatternKeepsWhatIsPast(t *testing.T) { // R-RECUR-06
	w := newWorld(t)
	id := w.series(`"recurrencepatterntype":0,"interval":1,"patternendtype":2,"occurrences":5`)
	w.clock.add(36 * time.Hour)
	w.want(w.call("PATCH", "recurringappointmentmasters("+id+")", `{"interval":2}`), 204, "")
	if got := strings.Join(w.starts(id), " "); got != "2026-03-04T08:00Z 2 2026-03-06T08:00Z 2 2026-03-08T08:00Z 2 2026-03-10T08:00Z 2" {
		t.Errorf("what is to come: %s", got)
	}
	past := w.org.Rows("recurringappointmentmaster", func(r map[string]any) bool { return r["activityid"] != id })
	if len(past) != 1 || past[0]["seriesstatus"] != false || past[0]["groupid"] != id || len(w.starts(past[0]["activityid"].(string))) != 2 {
		t.Errorf("what is past: %v", past)
	}
}

func TestDeleteOpenInstancesEndsASeriesAndKeepsWhatIsPast(t *testing.T) {
	w := newWorld(t)
	id := w.series(`"recurrencepatterntype":0,"interval":1,"patternendtype":2,"occurrences":5`)
	body := `{"Target":{"@odata.type":"Microsoft.Dynamics.CRM.recurringappointmentmaster","activityid":"` + id + `"},"SeriesEndDate":"2026-03-04T00:00:00Z","StateOfPastInstances":1}`
	w.want(w.call("POST", "DeleteOpenInstances", body), 204, "")
	if got := strings.Join(w.starts(id), " "); got != "2026-03-02T08:00Z 2 2026-03-03T08:00Z 2" {
		t.Errorf("occurrences: %s", got)
	}
	if r := w.org.Row("recurringappointmentmaster", id); r["statecode"] != int64(2) || r["patternendtype"] != int64(3) {
		t.Errorf("series: state %v, end %v", r["statecode"], r["patternendtype"])
	}
	if r := w.org.Rows("appointment", nil)[0]; r["statecode"] != int64(1) {
		t.Errorf("what is past has the state %v", r["statecode"])
	}
	w.want(w.call("POST", "DeleteOpenInstances", body), 400, codeActivityClosed)
	w.want(w.call("POST", "recurringappointmentmasters", `{"subject":"x","recurrencepatterntype":1,"patternendtype":1,"patternstartdate":"2026-03-01T23:00:00Z","starttime":"2026-03-02T08:00:00Z","endtime":"2026-03-02T09:00:00Z"}`), 400, codeInvalidArgument)
}

// R-FILTER-15.
func TestUsersGetTheDefaultFiltersAndWhatTheyLetIn(t *testing.T) { // R-FILTER-08, -12, -15
	w := newWorld(t)
	bob, err := w.org.AddUser("Bob", "B", "bob@post.test")
	if err != nil {
		t.Fatal(err)
	}
	mine := "/systemusers(" + w.me + ")"
	w.seed("task", map[string]any{"subject": "mine", "ownerid@odata.bind": mine})
	w.seed("task", map[string]any{"subject": "done", "ownerid@odata.bind": mine, "statecode": 1, "statuscode": 5})
	w.seed("task", map[string]any{"subject": "of Bob", "ownerid@odata.bind": "/systemusers(" + bob + ")"})
	party := func(mask int) []any {
		return []any{map[string]any{"participationtypemask": mask, "partyid_systemuser@odata.bind": mine}}
	}
	w.seed("appointment", map[string]any{"subject": "guest", "scheduledstart": "2026-03-02T08:00:00Z", "scheduledend": "2026-03-02T09:00:00Z", "ownerid@odata.bind": "/systemusers(" + bob + ")", "appointment_activity_parties": party(6)})
	w.seed("appointment", map[string]any{"subject": "stranger", "scheduledstart": "2026-03-02T08:00:00Z", "scheduledend": "2026-03-02T09:00:00Z", "ownerid@odata.bind": "/systemusers(" + bob + ")"})
	r := w.call("GET", "userqueries?$filter=querytype eq 256 and statecode eq 0&$select=name,returnedtypecode,fetchxml", "")
	w.want(r, 200, "")
	if len(r.rows()) != 4 {
		t.Fatalf("%d filters: %s", len(r.rows()), r.text)
	}
	for _, q := range r.rows() {
		set := map[string]string{"contact": "contacts", "task": "tasks", "appointment": "appointments", "recurringappointmentmaster": "recurringappointmentmasters"}[q["returnedtypecode"].(string)]
		got := w.call("GET", set+"?fetchXml="+url.QueryEscape(q["fetchxml"].(string)), "")
		w.want(got, 200, "")
		want := map[string]int{"tasks": 1, "appointments": 1}[set]
		if len(got.rows()) != want {
			t.Errorf("%s: %d rows, want %d", set, len(got.rows()), want)
		}
		if again := w.call("GET", set+"?userQuery="+q["userqueryid"].(string), ""); len(again.rows()) != want {
			t.Errorf("%s by its query's id: %d", set, len(again.rows()))
		}
	}
}

func TestFetchXMLIsUnderstoodOrRefused(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.seed("task", map[string]any{"subject": fmt.Sprintf("Task %d", i), "scheduledend": time.Date(2026, 3, i, 8, 0, 0, 0, time.UTC), "percentcomplete": 20 * i, "ownerid@odata.bind": "/systemusers(" + w.me + ")"})
	}
	ask := func(attrs, inner string) reply {
		return w.call("GET", "tasks?fetchXml="+url.QueryEscape(`<fetch `+attrs+`><entity name="task"><attribute name="subject"/>`+inner+`</entity></fetch>`), "", "Prefer", `odata.include-annotations="*"`)
	}
	on := func(attr, op, value string) string {
		return `<condition attribute="` + attr + `" operator="` + op + `" value="` + value + `"/>`
	}
	for name, c := range map[string]struct {
		filter string
		want   int
	}{
		"equal":          {`<filter>` + on("subject", "eq", "TASK 1") + `</filter>`, 1},
		"or":             {`<filter type="or">` + on("percentcomplete", "lt", "20") + on("percentcomplete", "ge", "80") + `</filter>`, 2},
		"nested":         {`<filter>` + on("statecode", "eq", "0") + `<filter type="or">` + on("subject", "like", "%3") + on("subject", "begins-with", "Task 4") + `</filter></filter>`, 2},
		"null":           {`<filter><condition attribute="description" operator="null"/></filter>`, 5},
		"last days":      {`<filter>` + on("scheduledend", "last-x-days", "1") + `</filter>`, 2},
		"next days":      {`<filter>` + on("scheduledend", "next-x-days", "1") + `</filter>`, 1},
		"today":          {`<filter><condition attribute="scheduledend" operator="today"/></filter>`, 1},
		"not the user":   {`<filter><condition attribute="ownerid" operator="ne-userid"/></filter>`, 0},
		"joined":         {`<link-entity name="activityparty" from="activityid" to="activityid"><filter>` + on("participationtypemask", "eq", "9") + `</filter></link-entity>`, 5},
		"joined to none": {`<link-entity name="contact" from="contactid" to="regardingobjectid"/>`, 0},
	} {
		if got := ask("", c.filter); got.status != 200 || len(got.rows()) != c.want {
			t.Errorf("%s: %d with %d rows, want %d\n%s", name, got.status, len(got.rows()), c.want, got.text)
		}
	}
	for name, c := range map[string]struct {
		attrs, inner string
		status       int
		code         string
	}{
		"aggregate":        {`aggregate="true"`, "", 501, ""},
		"unknown column":   {"", `<filter>` + on("nope", "eq", "1") + `</filter>`, 400, codeNoAttribute},
		"unknown table":    {"", `<link-entity name="nope" from="a" to="b"/>`, 400, codeNoEntity},
		"unknown operator": {"", `<filter>` + on("subject", "sounds-like", "x") + `</filter>`, 400, codeInvalidArgument},
		"other entity":     {"", `<filter><condition entityname="x" attribute="subject" operator="null"/></filter>`, 501, ""},
		"top and page":     {`top="1" page="2"`, "", 400, codeInvalidArgument},
	} {
		if got := ask(c.attrs, c.inner); got.status != c.status || c.code != "" && got.code() != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.code(), c.status, c.code)
		}
	}
	seen := map[any]bool{}
	for page := 1; ; page++ {
		r := ask(fmt.Sprintf(`count="2" page="%d"`, page), "")
		for _, row := range r.rows() {
			seen[row["activityid"]] = true
		}
		if r.json["@"+noteMore] != true {
			if page != 3 || len(seen) != 5 {
				t.Errorf("%d rows on %d pages", len(seen), page)
			}
			break
		}
		if c, _ := r.json["@"+noteCookie].(string); !strings.Contains(c, "pagingcookie=") {
			t.Errorf("page %d has the cookie %q", page, c)
		}
	}
}

func TestASecuredFieldIsNeitherReadNorWritten(t *testing.T) { // R-FIELD-04, -05
	w := newWorld(t)
	contact := "contacts(" + w.ann + ")"
	w.want(w.call("PATCH", contact, `{"mobilephone":"1"}`), 204, "")
	for _, p := range []Privilege{Read, Write, Create} {
		w.org.DenyField(w.me, "contact", "mobilephone", p)
	}
	if r := w.call("GET", contact+"?$select=mobilephone", ""); r.json["mobilephone"] != nil {
		t.Errorf("read: %s", r.text)
	}
	w.want(w.call("PATCH", contact, `{"mobilephone":"2"}`), 403, codeFieldUpdate)
	w.want(w.call("POST", "contacts", `{"lastname":"x","mobilephone":"2"}`), 403, codeFieldCreate)
	if r := w.call("GET", "systemusers("+w.me+")/Microsoft.Dynamics.CRM.RetrievePrincipalAttributePrivileges()", ""); !strings.Contains(r.text, `"CanUpdate":0`) {
		t.Errorf("told: %s", r.text)
	}
	w.org.Deny(w.me, "activitypointer", Delete) // R-DELETE-17
	id := w.seed("task", map[string]any{"subject": "stays"})
	w.want(w.call("DELETE", "tasks("+id+")", ""), 403, codePrivilegeDenied)
}

func TestALargePictureIsMadeSmallAndWhatIsNoneIsRefused(t *testing.T) {
	w := newWorld(t)
	file := func(width, height int) string {
		var b strings.Builder
		if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, width, height))); err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString([]byte(b.String()))
	}
	put := func(s string) reply { return w.call("PATCH", "contacts("+w.ann+")", `{"entityimage":"`+s+`"}`) }
	w.want(put(file(20, 10)), 204, "")
	if w.org.Row("contact", w.ann)["entityimage"] != file(20, 10) {
		t.Error("a small picture is not kept as it is")
	}
	w.want(put(file(400, 300)), 204, "")
	if r := w.call("GET", "contacts("+w.ann+")?$select=entityimage", ""); len(r.json["entityimage"].(string)) < 100 || r.json["entityimage"] == file(400, 300) {
		t.Errorf("a large picture: %s", r.text)
	}
	w.want(put("aGVsbG8="), 400, codeInvalidArgument)
}
