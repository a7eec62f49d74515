package track

import (
	"strings"
	"testing"
	"unicode/utf8"

	"postrider/offline"
)

// R-TOKEN-16.
func TestTokensAreFound(t *testing.T) {
	tokens := NewTokens([]string{"CRM:", "Old-"}, 0)
	for subject, want := range map[string]string{
		"Offer CRM:0001001":                  "CRM:0001001", // R-TOKEN-05
		"RE: Offer crm:0001001":              "CRM:0001001",
		"CRM:0001001":                        "CRM:0001001",
		"Re: x CRM:0001001 and CRM:0002002":  "CRM:0002002",
		"Offer CRM:000100":                   "", // too short
		"Offer CRM:00010011":                 "", // too long
		"Offer XCRM:0001001":                 "",
		"Offer old-0009009":                  "Old-0009009", // R-TOKEN-15
		"Offer (CRM:0001001)":                "CRM:0001001",
		"Angebot\u00a0CRM:0001001\u200b":     "CRM:0001001",
		"no token here 1234567":              "",
		"CRM:0001001 CRM:0001001CRM:0003003": "CRM:0003003",
	} {
		if got := tokens.Find(subject); got != want {
			t.Errorf("Find(%q) = %q, want %q", subject, got, want)
		}
	}
	if got := NewTokens(nil, 7).Find("CRM:0001001"); got != "" {
		t.Errorf("tokens are off (R-TOKEN-03), yet found %q", got)
	}
	if got := NewTokens([]string{"T"}, 5).Find("x T12345"); got != "T12345" {
		t.Errorf("five digits: found %q", got)
	}
}

// R-LIMITS-05.
func TestTokensAreMadeAsTheOrganizationCounts(t *testing.T) {
	crm := []string{"CRM:", "Old:"}
	for _, c := range []struct {
		name    string
		options offline.Options
		counter int
		online  bool
		want    string
	}{
		{"R-TOKEN-06 the default shape", offline.Options{TokenPrefixes: crm, TokenUser: 1}, 1, true, "CRM:0001001"},
		{"R-TOKEN-06 made offline", offline.Options{TokenPrefixes: crm, TokenUser: 1}, 1, false, "CRM:1001001"},
		{"R-TOKEN-08 the user's number counts from the base", offline.Options{TokenPrefixes: crm, TokenBase: 500, TokenUser: 1}, 7, true, "CRM:0501007"},
		{"R-TOKEN-09 digits of the user's number", offline.Options{TokenPrefixes: crm, TokenDigits: 10, TokenUserDigits: 6, TokenUser: 42}, 7, true, "CRM:0000042007"},
		{"R-TOKEN-10 digits of the counter", offline.Options{TokenPrefixes: crm, TokenDigits: 9, TokenUserDigits: 3, TokenUser: 42}, 12345, true, "CRM:004212345"},
		{"R-TOKEN-10 the counter starts again", offline.Options{TokenPrefixes: crm, TokenUser: 1}, 1000, true, "CRM:0001000"},
		{"R-TOKEN-07 the prefix is the present one", offline.Options{TokenPrefixes: []string{"Contoso-", "CRM:"}, TokenUser: 1}, 2, true, "Contoso-0001002"},
		{"R-TOKEN-03 tokens are off", offline.Options{}, 1, true, ""},
		{"a number too long for its digits keeps the last ones", offline.Options{TokenPrefixes: crm, TokenBase: 2147483647, TokenUser: 1}, 1, true, "CRM:0648001"},
		{"digits that leave no room", offline.Options{TokenPrefixes: crm, TokenDigits: 1, TokenUserDigits: 9, TokenUser: 5}, 6, true, "CRM:056"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := MakeToken(c.options, c.counter, c.online)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			digits := c.options.TokenDigits
			if digits > 0 {
				digits = max(digits, 3)
			}
			if found := NewTokens(c.options.TokenPrefixes, digits).Find("Re: x " + got); found != got {
				t.Errorf("it is recognised as %q", found)
			}
		})
	}
}

// R-LIMITS-06.
func TestASubjectIsCutForItsToken(t *testing.T) {
	const token = "CRM:0001001"
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		name, subject, token string
		max                  int
		want                 string
	}{
		{"R-TOKEN-05 the token stands at the end", "Offer", token, 255, "Offer CRM:0001001"},
		{"R-TOKEN-13 the subject is cut", long, token, 255, long[:243] + " CRM:0001001"},
		{"R-TOKEN-13 no further than needed", long[:243], token, 255, long[:243] + " CRM:0001001"},
		{"R-TOKEN-13 a token that is too long is left out", "Offer", strings.Repeat("9", 256), 255, "Offer"},
		{"R-TOKEN-13 a subject without token is cut, too", long, "", 255, long[:255]},
		{"the token alone fits", "Offer", token, len(token), token},
		{"one character more", "Offer", token, len(token) + 2, "O CRM:0001001"},
		{"no subject", "  ", token, 255, token},
		{"it is there already", "Re: Offer CRM:0001001", token, 255, "Re: Offer CRM:0001001"},
		{"it is there already, and the subject is too long", long + " CRM:0001001", token, 255, long[:243] + " CRM:0001001"},
		{"no bound", long, token, 0, long + " CRM:0001001"},
		{"characters are UTF-16 units", strings.Repeat("😀", 10), "T", 10, strings.Repeat("😀", 4) + " T"},
		{"accents count once", strings.Repeat("ž", 300), token, 255, strings.Repeat("ž", 243) + " CRM:0001001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := WithToken(c.subject, c.token, c.max); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func FuzzToken(f *testing.F) {
	f.Add("Re: Offer CRM:0001001", "CRM:")
	f.Add("CRM:CRM:0001001\xff", "CRM:\xff")
	f.Add("x (+00012345)", "(+")
	f.Fuzz(func(t *testing.T, subject, prefix string) {
		tokens := NewTokens([]string{prefix, "CRM:"}, 7)
		if got := tokens.Find(subject); got != "" && len(got) < 7+1 {
			t.Errorf("found %q", got)
		}
	})
}

func FuzzWithToken(f *testing.F) {
	f.Add("Re: Offer", "CRM:0001001", 20)
	f.Add("😀😀😀😀", "CRM:0001001", 14)
	f.Add("x CRM:0001001 ", "CRM:0001001", 5)
	f.Fuzz(func(t *testing.T, subject, token string, max int) {
		got := WithToken(subject, token, max)
		if max > 0 && units(got) > max {
			t.Errorf("%q has %d units, allowed are %d", got, units(got), max)
		}
		if token != "" && (max <= 0 || units(token) <= max) && !strings.HasSuffix(got, token) {
			t.Errorf("%q has no token at its end", got)
		}
		if utf8.ValidString(subject) && utf8.ValidString(token) && !utf8.ValidString(got) {
			t.Errorf("%q is broken", got)
		}
		if strings.TrimSpace(token) == token && WithToken(got, token, max) != got {
			t.Errorf("a second time it is %q, not %q", WithToken(got, token, max), got)
		}
	})
}
