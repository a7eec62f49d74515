package app

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"postrider/app/demo"
)

func TestTheDoctorTriesTheCalendarsAndPeopleOfTheDemo(t *testing.T) {
	home := t.TempDir()
	world, err := demo.Start(context.Background(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	if err := furnish(home, world.Address(), "", world.Describe()); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if code := Main([]string{"doctor", "--home", home}, strings.NewReader(""), &out, &errOut); code != 0 {
		t.Errorf("ended with %d: %s", code, errOut.String())
	}
	for _, want := range []string{`✓ calendar      signed in; "Calendar", "Privat", "Tasks"`, `✓ people        signed in; "People"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}

// The demo's calendars and people meet its organization: the command line tells what
// would be done, does it at the user's word, and then has nothing left to do.
func TestTheDemosCalendarsAndPeopleMeetItsOrganization(t *testing.T) {
	home := t.TempDir()
	world, err := demo.Start(context.Background(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	if err := furnish(home, world.Address(), "replies", world.Describe()); err != nil {
		t.Fatal(err)
	}
	sync := func(args ...string) (s syncJSON) {
		t.Helper()
		var out, errOut bytes.Buffer
		if code := Main(append([]string{"sync", "--once", "--json", "--home", home}, args...), strings.NewReader(""), &out, &errOut); code != 0 {
			t.Fatalf("ended with %d: %s%s", code, out.String(), errOut.String())
		}
		if err := json.Unmarshal(out.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := sync()
	if len(first.Match) != 3 || first.Items["contact"].Tracked != 0 || first.Requests.DAVWrites != 0 {
		t.Fatalf("before the user's word: %+v", first)
	}
	for _, m := range first.Match {
		if m.Links == 0 || m.Up != 0 {
			t.Errorf("%+v: nothing is recognised, or something goes up that nobody tracked", m)
		}
	}
	second := sync("--yes")
	for _, m := range first.Match {
		if n := second.Items[m.Kind]; n.Tracked != m.Links+m.Down || n.Waiting != 0 || n.Failed != 0 {
			t.Errorf("%s: %+v after %+v", m.Kind, n, m)
		}
	}
	sync()
	if third := sync(); third.Requests.DAVWrites != 0 || third.Requests.CRMWrites != 0 || len(third.Match) != 0 {
		t.Errorf("nothing was left to do, and it wrote: %+v", third)
	}
}
