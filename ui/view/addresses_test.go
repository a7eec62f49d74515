package view

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postrider/offline"
)

func TestRecipientsAreReadAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "",
		" , ; ":                                  "",
		"jana@x.example":                         "jana@x.example",
		"a@x.example, b@y.example":               "a@x.example|b@y.example",
		"a@x.example;b@y.example\r\nc@z.example": "a@x.example|b@y.example|c@z.example",
		"a@x.example b@y.example":                "a@x.example|b@y.example",
		"Jana Nováková <jana@x.example>, otto@y.example":              "Jana Nováková <jana@x.example>|otto@y.example",
		"Nováková, Jana <jana@x.example>; Brandt, Otto <o@y.example>": `"Nováková, Jana" <jana@x.example>|"Brandt, Otto" <o@y.example>`,
		`"Brandt, Otto" <otto@y.example>`:                             `"Brandt, Otto" <otto@y.example>`,
		`"Otto \"the\" Brandt" <otto@y.example>`:                      `"Otto \"the\" Brandt" <otto@y.example>`,
		"'Otto' <otto@y.example>":                                     "Otto <otto@y.example>",
		"mailto:jana@x.example?subject=hi":                            "jana@x.example",
		"<jana@x.example>":                                            "jana@x.example",
		"jana@x.example <jana@x.example>":                             "jana@x.example",
		"用户@例子.example":                                               "用户@例子.example",
		"jana@x.example,\tOtto\t<o@y.example>":                        "jana@x.example|Otto <o@y.example>",
		"Name\u202e <a@x.example>":                                    "Name <a@x.example>",
		"petr":                                                        "petr!it has no @, so it is no address",
		"@x.example":                                                  "@x.example!nothing stands before the @",
		"petr@":                                                       "petr@!nothing stands behind the @",
		"petr@@x.example":                                             "petr@@x.example!it has more than one @",
		"petr dvorak@x.example":                                       "petr dvorak@x.example!it has a space in it",
		"petr..d@x.example":                                           "petr..d@x.example!a dot is out of place before the @",
		"petr@x.example.":                                             "petr@x.example.!a dot is out of place behind the @",
		"pe(tr@x.example":                                             "pe(tr@x.example!“(” can't be in an address",
		"petr@x!y.example":                                            `petr@x!y.example!the domain "x!y.example" makes no sense`,
		"Petr <petr@x.example":                                        "Petr <petr@x.example>!the “>” behind the address is missing",
		"Petr <>":                                                     "Petr <>!there is no address",
		"Petr <petr@x.example> and more":                              "Petr <petr@x.example>!there is something behind the address",
	} {
		var got []string
		for _, a := range ParseAddressees(in) {
			s := WriteAddressee(a.Address)
			if a.Problem != "" {
				s += "!" + a.Problem
			}
			got = append(got, s)
		}
		if g := strings.Join(got, "|"); g != want {
			t.Errorf("%q: got %q, want %q", in, g, want)
		}
	}
}

func TestACommaEndsARecipientUnlessItIsInQuotes(t *testing.T) {
	for in, want := range map[string]bool{
		"jana": false, "jana@x.example": false, "jana@x.example,": true, "jana@x.example; ": true, `"Brandt, Ot`: false, `"Brandt, Otto" <o@y.example>,`: true, "a@x.example\nb": true, "": false, ",": false,
	} {
		if got := EndsAddressee(in); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := offline.Address{
			// quotes around a name, and an address for a name, are not part of it
			Name: rapid.Map(rapid.StringMatching(`[A-Za-zé ,;"\\():.<>-]{0,30}`), func(s string) string { return OneLine(strings.Trim(s, "\"' "), 100) }).Draw(t, "name"),
			Addr: rapid.StringMatching(`[a-z0-9]{1,9}(\.[a-z0-9]{1,5})?@[a-z]{1,9}\.example`).Draw(t, "addr"),
		}
		got := ParseAddressees(WriteAddressee(a))
		if len(got) != 1 || got[0].Address != a || got[0].Problem != "" {
			t.Fatalf("%q is read as %+v", WriteAddressee(a), got)
		}
	})
}

func FuzzRecipients(f *testing.F) {
	for _, s := range []string{"a@b, c", `"a`, "<<>>", "\\", "a <b@c", "\x00@\xff", "@,@;@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range ParseAddressees(s) {
			if a.Problem == "" && (a.Addr == "" || !strings.Contains(a.Addr, "@")) {
				t.Errorf("%q is an address in %q", a.Addr, s)
			}
		}
	})
}
