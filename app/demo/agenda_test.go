package demo_test

import (
	"testing"

	"postrider/agent/dav/davtest"
	"postrider/app/demo"
	"postrider/offline"
)

func TestTheWorldHasACalendarTasksAndPeople(t *testing.T) {
	w, err := demo.Start(t.Context(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	count := map[offline.Kind]int{}
	for _, at := range []demo.Directory{w.Describe().CalDAV, w.Describe().CardDAV} {
		c := davtest.Fixture{URL: at.URL, User: at.User, Password: at.Password}.Client(t)
		list, err := c.Collections(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if at == w.Describe().CalDAV {
			continue // one server holds both, so that each address leads to all
		}
		for _, coll := range list {
			k := davtest.Keep(coll)
			k.MustPull(t, c)
			for _, it := range k.Items {
				count[it.Kind]++
			}
		}
	}
	if count[offline.KindAppointment] < 35 || count[offline.KindTask] != 15 || count[offline.KindContact] < 45 {
		t.Errorf("%v", count)
	}
}
