package dataverse

import (
	"slices"
	"time"
	_ "time/tzdata" // codes are looked up on systems without a time zone database, too
)

// zoneCodes are the codes by which users and series name their time zones
// (timezonedefinition.timezonecode, the vendor's time zone table), with a place
// where that time is kept (Unicode CLDR, windowsZones, territory 001).
var zoneCodes = []struct {
	code  int64
	place string
}{
	{0, "Etc/GMT+12"}, {1, "Pacific/Apia"}, {2, "Pacific/Honolulu"}, {3, "America/Anchorage"}, {4, "America/Los_Angeles"}, {5, "America/Tijuana"}, {10, "America/Denver"}, {13, "America/Chihuahua"}, {15, "America/Phoenix"},
	{20, "America/Chicago"}, {25, "America/Regina"}, {29, "America/Mexico_City"}, {33, "America/Guatemala"}, {35, "America/New_York"}, {40, "America/Indiana/Indianapolis"}, {45, "America/Bogota"}, {47, "America/Caracas"},
	{50, "America/Halifax"}, {55, "America/La_Paz"}, {56, "America/Santiago"}, {58, "America/Cuiaba"}, {59, "America/Asuncion"}, {60, "America/St_Johns"}, {65, "America/Sao_Paulo"}, {69, "America/Argentina/Buenos_Aires"},
	{70, "America/Cayenne"}, {73, "America/Nuuk"}, {74, "America/Montevideo"}, {80, "Atlantic/Azores"}, {83, "Atlantic/Cape_Verde"}, {84, "Africa/Casablanca"}, {85, "Europe/London"}, {90, "Atlantic/Reykjavik"}, {92, "UTC"},
	{95, "Europe/Budapest"}, {100, "Europe/Warsaw"}, {105, "Europe/Paris"}, {110, "Europe/Berlin"}, {113, "Africa/Lagos"}, {115, "Europe/Chisinau"}, {120, "Africa/Cairo"}, {125, "Europe/Kyiv"}, {129, "Asia/Amman"},
	{130, "Europe/Bucharest"}, {131, "Asia/Beirut"}, {134, "Europe/Istanbul"}, {135, "Asia/Jerusalem"}, {140, "Africa/Johannesburg"}, {141, "Africa/Windhoek"}, {145, "Europe/Moscow"}, {150, "Asia/Riyadh"}, {155, "Africa/Nairobi"},
	{158, "Asia/Baghdad"}, {160, "Asia/Tehran"}, {165, "Asia/Dubai"}, {169, "Asia/Baku"}, {170, "Asia/Yerevan"}, {172, "Indian/Mauritius"}, {173, "Asia/Tbilisi"}, {175, "Asia/Kabul"}, {180, "Asia/Yekaterinburg"}, {184, "Asia/Karachi"},
	{185, "Asia/Tashkent"}, {190, "Asia/Kolkata"}, {193, "Asia/Kathmandu"}, {195, "Asia/Bishkek"}, {196, "Asia/Dhaka"}, {200, "Asia/Colombo"}, {201, "Asia/Novosibirsk"}, {203, "Asia/Yangon"}, {205, "Asia/Bangkok"},
	{207, "Asia/Krasnoyarsk"}, {210, "Asia/Shanghai"}, {215, "Asia/Singapore"}, {220, "Asia/Taipei"}, {225, "Australia/Perth"}, {227, "Asia/Irkutsk"}, {228, "Asia/Ulaanbaatar"}, {230, "Asia/Seoul"}, {235, "Asia/Tokyo"},
	{240, "Asia/Yakutsk"}, {245, "Australia/Darwin"}, {250, "Australia/Adelaide"}, {255, "Australia/Sydney"}, {260, "Australia/Brisbane"}, {265, "Australia/Hobart"}, {270, "Asia/Vladivostok"}, {275, "Pacific/Port_Moresby"},
	{280, "Pacific/Guadalcanal"}, {285, "Pacific/Fiji"}, {290, "Pacific/Auckland"}, {300, "Pacific/Tongatapu"},
}

// zoneName is the place of a code, "" for one that is not known.
func zoneName(code int64) string {
	for _, z := range zoneCodes {
		if z.code == code {
			return z.place
		}
	}
	return ""
}

// location is the place of a name; UTC where there is none such.
func location(name string) *time.Location {
	if z, err := time.LoadLocation(name); err == nil && name != "" {
		return z
	}
	return time.UTC
}

// zoneCode finds the code of a zone: that of the same place, or of one whose
// clocks show the same around a time. ok is false where there is none.
func zoneCode(name string, around time.Time) (code int64, ok bool) {
	for _, z := range zoneCodes {
		if z.place == name {
			return z.code, true
		}
	}
	at, err := time.LoadLocation(name)
	if err != nil {
		return 0, false
	}
	i := slices.IndexFunc(zoneCodes, func(z struct {
		code  int64
		place string
	}) bool {
		return sameClock(at, location(z.place), around)
	})
	if i < 0 {
		return 0, false
	}
	return zoneCodes[i].code, true
}

// sameClock reports whether two zones have the same offset, month by month, for a
// year to either side.
func sameClock(a, b *time.Location, around time.Time) bool {
	for m := -12; m <= 24; m++ {
		at := around.AddDate(0, m, 0)
		_, x := at.In(a).Zone()
		_, y := at.In(b).Zone()
		if x != y {
			return false
		}
	}
	return true
}
