package app

import (
	"bytes"
	"context"
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
