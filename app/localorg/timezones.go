package localorg

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // an organization knows its zones wherever it runs
)

// zoneList are the time zones of the service: the code by which users and
// series name them, the vendor's name, and a place where that time is kept
// (the vendor's time zone table; places as in the Unicode consortium's mapping
// of the vendor's names, territory 001).
const zoneList = `
0|Dateline Standard Time|Etc/GMT+12
1|Samoa Standard Time|Pacific/Apia
2|Hawaiian Standard Time|Pacific/Honolulu
3|Alaskan Standard Time|America/Anchorage
4|Pacific Standard Time|America/Los_Angeles
10|Mountain Standard Time|America/Denver
15|US Mountain Standard Time|America/Phoenix
20|Central Standard Time|America/Chicago
25|Canada Central Standard Time|America/Regina
29|Central Standard Time (Mexico)|America/Mexico_City
33|Central America Standard Time|America/Guatemala
35|Eastern Standard Time|America/New_York
40|US Eastern Standard Time|America/Indiana/Indianapolis
45|SA Pacific Standard Time|America/Bogota
50|Atlantic Standard Time|America/Halifax
55|SA Western Standard Time|America/La_Paz
56|Pacific SA Standard Time|America/Santiago
60|Newfoundland Standard Time|America/St_Johns
65|E. South America Standard Time|America/Sao_Paulo
70|SA Eastern Standard Time|America/Cayenne
73|Greenland Standard Time|America/Nuuk
80|Azores Standard Time|Atlantic/Azores
83|Cape Verde Standard Time|Atlantic/Cape_Verde
85|GMT Standard Time|Europe/London
90|Greenwich Standard Time|Atlantic/Reykjavik
92|UTC|Etc/UTC
95|Central Europe Standard Time|Europe/Budapest
100|Central European Standard Time|Europe/Warsaw
105|Romance Standard Time|Europe/Paris
110|W. Europe Standard Time|Europe/Berlin
113|W. Central Africa Standard Time|Africa/Lagos
120|Egypt Standard Time|Africa/Cairo
125|FLE Standard Time|Europe/Kiev
130|GTB Standard Time|Europe/Bucharest
135|Israel Standard Time|Asia/Jerusalem
140|South Africa Standard Time|Africa/Johannesburg
145|Russian Standard Time|Europe/Moscow
150|Arab Standard Time|Asia/Riyadh
155|E. Africa Standard Time|Africa/Nairobi
158|Arabic Standard Time|Asia/Baghdad
160|Iran Standard Time|Asia/Tehran
165|Arabian Standard Time|Asia/Dubai
175|Afghanistan Standard Time|Asia/Kabul
180|Ekaterinburg Standard Time|Asia/Yekaterinburg
185|West Asia Standard Time|Asia/Tashkent
190|India Standard Time|Asia/Kolkata
193|Nepal Standard Time|Asia/Kathmandu
195|Central Asia Standard Time|Asia/Almaty
200|Sri Lanka Standard Time|Asia/Colombo
201|N. Central Asia Standard Time|Asia/Novosibirsk
203|Myanmar Standard Time|Asia/Yangon
205|SE Asia Standard Time|Asia/Bangkok
207|North Asia Standard Time|Asia/Krasnoyarsk
210|China Standard Time|Asia/Shanghai
215|Singapore Standard Time|Asia/Singapore
220|Taipei Standard Time|Asia/Taipei
225|W. Australia Standard Time|Australia/Perth
227|North Asia East Standard Time|Asia/Irkutsk
230|Korea Standard Time|Asia/Seoul
235|Tokyo Standard Time|Asia/Tokyo
240|Yakutsk Standard Time|Asia/Yakutsk
245|AUS Central Standard Time|Australia/Darwin
250|Cen. Australia Standard Time|Australia/Adelaide
255|AUS Eastern Standard Time|Australia/Sydney
260|E. Australia Standard Time|Australia/Brisbane
265|Tasmania Standard Time|Australia/Hobart
270|Vladivostok Standard Time|Asia/Vladivostok
275|West Pacific Standard Time|Pacific/Port_Moresby
280|Central Pacific Standard Time|Pacific/Guadalcanal
285|Fiji Standard Time|Pacific/Fiji
290|New Zealand Standard Time|Pacific/Auckland
300|Tonga Standard Time|Pacific/Tongatapu`

const codeUTC = 92

// timeZoneTable lists the time zones that users and series name by their code.
func timeZoneTable() *Table {
	return &Table{Name: "timezonedefinition", Set: "timezonedefinitions", Key: "timezonedefinitionid", NameColumn: "userinterfacename", TypeCode: 4810, Fixed: true, Sealed: true,
		Columns: concat([]Column{{Name: "timezonecode", Kind: Int, Low: -1, High: 1<<31 - 1, Indexed: true}, {Name: "bias", Kind: Int}}, Texts(100, "standardname", "userinterfacename", "daylightname"))}
}

// zoneOf is the place of a time zone code; UTC where there is none of that code.
func zoneOf(code int64) *time.Location {
	for line := range strings.Lines(zoneList) {
		number, names, _ := strings.Cut(strings.TrimSpace(line), "|")
		if number != strconv.FormatInt(code, 10) {
			continue
		}
		_, place, _ := strings.Cut(names, "|")
		if at, err := time.LoadLocation(place); err == nil {
			return at
		}
	}
	return time.UTC
}

// makeZones makes the rows of timezonedefinitions.
func (t *tx) makeZones() error {
	tab := t.o.schema.byName["timezonedefinition"]
	for line := range strings.Lines(zoneList) {
		number, names, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok {
			continue
		}
		code, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return err
		}
		name, _, _ := strings.Cut(names, "|")
		_, seconds := time.Date(t.now.time().Year(), 1, 1, 0, 0, 0, 0, zoneOf(code)).Zone()
		row := map[string]any{"timezonecode": jsonNumber(code), "standardname": name, "bias": jsonNumber(int64(-seconds / 60)),
			"userinterfacename": fmt.Sprintf("(GMT%+03d:%02d) %s", seconds/3600, abs(seconds)/60%60, name)}
		if _, err := t.create(tab, "", row); err != nil {
			return err
		}
	}
	return nil
}

func abs(n int) int { return max(n, -n) }

// userZone is the time zone of a user's settings: their code and where that is.
func (t *tx) userZone(user string) (code int64, at *time.Location) {
	d := t.table("usersettings")
	code, ok := d.rows[user].get(d.def.cols["timezonecode"]).(int64)
	if !ok {
		code = codeUTC
	}
	return code, zoneOf(code)
}

// seriesZone is the time zone in which a series recurs: the one that was in use
// when it was made, as its column says. (The reference says no more of that
// column than this; that the expansion goes by it is our reading, for there is
// no other place where a series could keep its zone.)
func (t *tx) seriesZone(series *row) *time.Location {
	code, ok := series.get(t.o.schema.byName["recurringappointmentmaster"].cols["utcconversiontimezonecode"]).(int64)
	if !ok {
		_, at := t.userZone(cmp.Or(series.lookup(t.o.schema.byName["recurringappointmentmaster"].owner).id, t.user))
		return at
	}
	return zoneOf(code)
}
