package dav

import (
	"strings"
	"testing"
)

// The examples of RFC 7616 section 3.9.1, and of RFC 2617 section 3.5, whose
// client left the quality of protection out of account (RFC 2069).
func TestDigestAnswersAsTheExamplesOfTheStandardDo(t *testing.T) {
	const two = `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=%, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
	for name, c := range map[string]struct{ header, user, password, cnonce, response string }{
		"MD5":     {strings.Replace(two, "%", "MD5", 1), "Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "8ca523f5e9506fed4657c9700eebdbec"},
		"SHA-256": {strings.Replace(two, "%", "SHA-256", 1), "Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		"RFC 2617": {`Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
			"Mufasa", "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
		"without qop": {`Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
			"Mufasa", "Circle Of Life", "", "670fd8c2df070c60b045671b8b24ff02"},
	} {
		ch := choose([]string{c.header})
		if ch == nil || ch.digest == nil {
			t.Errorf("%s: the challenge is not taken", name)
			continue
		}
		got := ch.digest.with(c.user, c.password, "GET", "/dir/index.html", "00000001", c.cnonce)
		if !strings.Contains(got, `response="`+c.response+`"`) {
			t.Errorf("%s: %s", name, got)
		}
		if strings.Contains(c.header, "qop") != strings.Contains(got, "qop=auth, nc=00000001, cnonce=") || !strings.Contains(got, "opaque=") {
			t.Errorf("%s: it does not answer with what it was asked for: %s", name, got)
		}
	}
}

func TestAChallengeThatCannotBeMetIsPassedOver(t *testing.T) {
	for header, want := range map[string]string{
		`Digest realm="x", nonce="n", qop="auth-int"`:                                 "",
		`Digest realm="x", nonce="n", algorithm=SHA-512-256`:                          "",
		`Digest realm="x", qop="auth"`:                                                "",
		`Negotiate, Basic realm="x"`:                                                  "basic",
		`NTLM TlRMTVNTUAAC==, Basic realm="a, b=\"c\""`:                               "basic",
		`Digest realm="x", nonce="n", algorithm=SHA-512-256, Basic realm="x"`:         "basic",
		`Bearer realm="x", error="invalid_token", Digest realm="x", nonce="n"`:        "digest",
		`Basic realm="x", charset="UTF-8", dIgEsT NONCE = "n" , Realm="x",qop = auth`: "digest",
		``:            "",
		`,, ="`:       "",
		`Basic realm`: "basic",
	} {
		got := ""
		if ch := choose([]string{header}); ch != nil {
			got = ch.scheme
		}
		if got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

// FuzzChallenges: whatever a server asks with, reading it ends, and what is
// answered fits on one line of a header.
func FuzzChallenges(f *testing.F) {
	for _, seed := range []string{
		`Basic realm="x"`, `Digest realm="a \"b\"", nonce="n", qop="auth,auth-int", algorithm=SHA-256-sess, opaque="o", stale=TRUE`,
		`NTLM TlRMTVNTUAAC==, Basic`, `Digest nonce="\`, `=,="`, "Digest nonce=\"a\r\nX: y\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		ch := choose([]string{header})
		if ch == nil {
			return
		}
		if got := (auth{how: ch, user: "jana", secret: "secret"}).header("GET", "/"); got == "" || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q is answered with %q", header, got)
		}
	})
}
