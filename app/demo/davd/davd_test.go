package davd_test

import (
	"net/http/httptest"
	"testing"

	"postrider/agent/dav/davtest"
	"postrider/app/demo/davd"
)

func TestTheDemosServerConforms(t *testing.T) {
	davtest.Conformance(t, func(t *testing.T) davtest.Fixture {
		s := davd.New("ann@alder.example", "secret", "1")
		s.Add(davd.Collection{Path: "calendars/work", Name: "Work", Color: "#336699", Holds: []string{"VEVENT"}})
		s.Add(davd.Collection{Path: "calendars/tasks", Name: "Tasks", Holds: []string{"VTODO"}})
		s.Add(davd.Collection{Path: "contacts/people", Name: "People"})
		web := httptest.NewServer(s)
		t.Cleanup(web.Close)
		return davtest.Fixture{URL: web.URL, User: "ann@alder.example", Password: "secret", Auth: true}
	})
}
