package demo

import (
	"testing"
	"time"
)

func TestTheOrganizationKnowsAboutAThirdOfAnnsAgenda(t *testing.T) {
	w := begin(t, Options{})
	days := map[string]bool{}
	org := w.Org()
	series := org.Count("recurringappointmentmaster")
	single := org.Rows("appointment", func(r map[string]any) bool { return r["seriesid"] == nil })
	occurrences := org.Rows("appointment", func(r map[string]any) bool { return r["seriesid"] != nil })
	for _, r := range single {
		days[r["scheduledstart"].(time.Time).Weekday().String()] = true
	}
	if series != 2 || len(single) < 15 || len(occurrences) != 26 || org.Count("task") != 8 {
		t.Errorf("%d series with %d occurrences, %d appointments, %d tasks", series, len(occurrences), len(single), org.Count("task"))
	}
	if days["Saturday"] || days["Sunday"] {
		t.Error("somebody meets at the weekend")
	}
}
