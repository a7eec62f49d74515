package dav_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

func found(prop string) string {
	return open + `<d:response><d:href>/</d:href><d:propstat><d:prop>` + prop + `</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>` + shut
}

// kept are collections as a home set lists them; one that begins with "a:" is an
// address book.
func kept(hrefs ...string) string {
	var b strings.Builder
	for _, href := range hrefs {
		kind, at := "c:calendar", href
		if rest, ok := strings.CutPrefix(href, "a:"); ok {
			kind, at = "a:addressbook", rest
		}
		fmt.Fprintf(&b, `<d:response><d:href>%s</d:href><d:propstat><d:prop><d:resourcetype><d:collection/><%s/></d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`, at, kind)
	}
	return open + b.String() + shut
}

// everywhere answers for all hosts, without a connection: what is tested by it
// is what is asked, and of whom.
type everywhere http.HandlerFunc

func (f everywhere) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Host = r.URL.Host; in.Body == nil {
		in.Body = http.NoBody
	}
	f(rec, in)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

func (f everywhere) client(t *testing.T, url string) *dav.Client {
	t.Helper()
	return davtest.Fixture{URL: url, User: "jana", Password: "secret"}.Client(t, func(cfg *dav.Config) { cfg.Transport = f })
}

// hosts is a provider with several hosts: what they answer to a PROPFIND, by host
// and path.
type hosts map[string]string

func (h hosts) serve(told *[]string) everywhere {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if !slices.Contains(*told, r.Host) {
			*told = append(*told, r.Host)
		}
		if answer, ok := h[r.Host+r.URL.EscapedPath()]; ok {
			multi(w, answer)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}
}

func urls(list []offline.Collection) (urls []string) {
	for _, c := range list {
		urls = append(urls, c.URL)
	}
	return urls
}

func TestHomeSetsAreFoundOnOtherHostsOfTheSameOwner(t *testing.T) {
	for name, c := range map[string]struct {
		hosts hosts
		want  []string
		told  []string // hosts that may be told the password
		class offline.FaultClass
	}{
		"each service on its own host, the principal on a third": {hosts{
			"example.com/":                 found(`<d:current-user-principal><d:href>https://id.example.com/</d:href></d:current-user-principal>`),
			"id.example.com/":              found(`<c:calendar-home-set><d:href>https://cal.example.com/c/</d:href></c:calendar-home-set><a:addressbook-home-set><d:href>https://p1.people.example.com:8443/a</d:href></a:addressbook-home-set>`),
			"cal.example.com/c/":           kept("/c/work/", "https://CAL.example.com:443/c/home"),
			"p1.people.example.com:8443/a": kept("a:/a/people/"),
		}, []string{"https://CAL.example.com:443/c/home/", "https://cal.example.com/c/work/", "https://p1.people.example.com:8443/a/people/"},
			[]string{"example.com", "id.example.com", "cal.example.com", "p1.people.example.com:8443"}, ""},
		"several home sets, that overlap": {hosts{
			"example.com/":        found(`<c:calendar-home-set><d:href>/a%40b/</d:href><d:href>/a@b</d:href><d:href>/shared/</d:href></c:calendar-home-set><a:addressbook-home-set><d:href>/shared</d:href></a:addressbook-home-set>`),
			"example.com/a%40b/":  kept("/a%40b/one/", "/a%40b/two%20three/"),
			"example.com/shared/": kept("/a@b/one", "/a%40b/two%20three", "/shared/four/", "a:/shared/people/"),
		}, []string{"https://example.com/a%40b/one/", "https://example.com/a%40b/two%20three/", "https://example.com/shared/four/", "https://example.com/shared/people/"},
			[]string{"example.com"}, ""},
		"behind a proxy that does TLS for it": {hosts{
			"example.com/":   found(`<c:calendar-home-set><d:href>http://example.com/c/</d:href></c:calendar-home-set><a:addressbook-home-set><d:href>http://example.com:8080/c/</d:href></a:addressbook-home-set>`),
			"example.com/c/": kept("http://example.com/c/one/"),
		}, []string{"https://example.com/c/one/"}, []string{"example.com"}, ""},
		"one that is shared no longer": {hosts{
			"example.com/":   found(`<c:calendar-home-set><d:href>/gone/</d:href><d:href>/c/</d:href></c:calendar-home-set>`),
			"example.com/c/": kept("/c/one/"),
		}, []string{"https://example.com/c/one/"}, []string{"example.com"}, ""},
		"none that is there": {hosts{
			"example.com/": found(`<c:calendar-home-set><d:href>/gone/</d:href><d:href>/c/</d:href></c:calendar-home-set>`),
		}, nil, []string{"example.com"}, offline.FaultNotFound},
		"of another owner": {hosts{
			"example.com/":   found(`<c:calendar-home-set><d:href>https://example.org/c/</d:href></c:calendar-home-set><a:addressbook-home-set><d:href>/a/</d:href></a:addressbook-home-set>`),
			"example.org/c/": kept("/c/one/"),
		}, nil, []string{"example.com"}, offline.FaultDenied},
		"a collection of another owner": {hosts{
			"example.com/":   found(`<c:calendar-home-set><d:href>/c/</d:href></c:calendar-home-set><a:addressbook-home-set><d:href>/c/</d:href></a:addressbook-home-set>`),
			"example.com/c/": kept("/c/one/", "https://example.org/c/two/"),
		}, []string{"https://example.com/c/one/"}, []string{"example.com"}, ""},
	} {
		var told []string
		list, err := c.hosts.serve(&told).client(t, "https://example.com/").Collections(t.Context())
		if offline.ClassOf(err) != c.class || !slices.Equal(urls(list), c.want) || !slices.Equal(told, c.told) {
			t.Errorf("%s: %v\n%q, want\n%q; told %q", name, err, urls(list), c.want, told)
		}
	}
}

// One resource is written in many ways: it stays one, is not fetched again, and
// is not taken to be gone.
func TestAnItemIsTheSameHoweverItsAddressIsWritten(t *testing.T) {
	const canonical = "/p/a%40b%20c%2Fd.vcf"
	ways := []string{canonical, "/p/a@b%20c%2fd.vcf", "/p/%61%40b%20c%2Fd.vcf", "https://example.com/p/a@b%20c%2Fd.vcf", "https://EXAMPLE.com:443/p/a%40b%20c%2Fd.vcf",
		"http://example.com/p/a%40b%20c%2Fd.vcf", "a%40b%20c%2Fd.vcf", "./a@b%20c%2Fd.vcf", "//example.com/p/a%40b%20c%2Fd.vcf"}
	for _, before := range ways {
		for _, now := range ways {
			fetched := 0
			tag := "1"
			c := everywhere(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				one := func(href, more string) string {
					return open + fmt.Sprintf(`<d:response><d:href>%s</d:href><d:propstat><d:prop><d:getetag>"%s"</d:getetag>%s</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`, href, tag, more)
				}
				switch {
				case r.Method == "PROPFIND":
					multi(w, open+`<d:response><d:href>/p</d:href><d:propstat><d:prop><d:sync-token>t</d:sync-token></d:prop></d:propstat></d:response>`+shut)
				case strings.Contains(string(b), "sync-collection"):
					multi(w, one(now, "")+`<d:response><d:href>/p</d:href><d:propstat><d:prop/></d:propstat></d:response><d:sync-token>t2</d:sync-token>`+shut)
				case strings.Contains(string(b), "multiget"):
					fetched++
					multi(w, one(now, "<a:address-data>"+string(davtest.Card("x", "X"))+"</a:address-data>")+shut)
				case r.Method == http.MethodGet && strings.EqualFold(r.URL.Hostname(), "example.com") && r.URL.Scheme == "https":
					fetched++
					_, _ = w.Write(davtest.Card("x", "X"))
				}
			}).client(t, "https://example.com/p/")
			k := davtest.Keep(people("https://example.com"))
			k.Items[before] = offline.Item{Href: before, ETag: `"1"`}
			k.MustPull(t, c)
			if changed, gone, broken := k.Changed(); changed+gone+broken+fetched > 0 || len(k.Items) != 1 {
				t.Errorf("%s then %s: %d changed, %d gone, %d broken, %d fetched", before, now, changed, gone, broken, fetched)
			}
			tag = "2"
			k.MustPull(t, c)
			if it := k.Items[before]; fetched != 1 || len(k.Items) != 1 || len(it.Raw) == 0 {
				t.Errorf("%s then %s, changed: %d fetched, %d items", before, now, fetched, len(k.Items))
			}
		}
	}
}

// An address book that is given by itself, without its slash and with one.
func TestACollectionIsReadWithAndWithoutItsSlash(t *testing.T) {
	for _, configured := range []string{"/p", "/p/"} {
		for _, self := range []string{"/p", "/p/"} {
			s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
				switch {
				case r.Method == "PROPFIND" && r.Header.Get("Depth") == "0":
					multi(w, strings.Replace(kept("a:"+self), "<d:resourcetype>", "<s:getctag>c</s:getctag><d:resourcetype>", 1))
				case r.Method == "PROPFIND":
					multi(w, open+strings.Replace(listed("")+listed("1"), "/p/<", self+"<", 1)+shut)
				default:
					_, _ = w.Write(davtest.Card("1", "One"))
				}
			})
			c := davtest.Fixture{URL: s.URL + configured}.Client(t)
			list, err := c.Collections(t.Context())
			if err != nil || len(list) != 1 || list[0].URL != s.URL+"/p/" {
				t.Fatalf("%s as %s: %+v %v", configured, self, list, err)
			}
			k := davtest.Keep(list[0])
			k.MustPull(t, c)
			if _, ok := k.Items["/p/1"]; !ok || len(k.Items) != 1 {
				t.Errorf("%s as %s: %v", configured, self, k.Items)
			}
		}
	}
}
