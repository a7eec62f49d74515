package localorg

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// answer is what is sent back.
type answer struct {
	status int
	header http.Header
	body   []byte
	made   ref  // the row created or changed, for Content-ID
	drop   bool // the connection breaks instead
}

func (a *answer) set(k, v string) *answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(k, v)
	return a
}

const jsonType = "application/json; odata.metadata=minimal; odata.streaming=true"

func jsonAnswer(status int, body []byte) *answer {
	return (&answer{status: status, body: body}).set("Content-Type", jsonType)
}

// answerTo words an error as the service does.
func answerTo(err error, notes annotations) *answer {
	r := asRefusal(err)
	b := appendText([]byte(`{"error":{"code":`), r.code)
	b = appendText(append(b, `,"message":`...), r.message)
	if notes.include("Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus") {
		b = append(b, `,"@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus":"0","@Microsoft.PowerApps.CDS.HelpLink":"http://go.microsoft.com/fwlink/?LinkID=398563",`...)
		b = appendText(append(b, `"@Microsoft.PowerApps.CDS.InnerError.Message":`...), r.message)
	}
	a := jsonAnswer(r.status, append(b, "}}"...))
	for k, v := range r.header {
		a.header[k] = v
	}
	return a
}

// preferences are what the Prefer headers ask for.
type preferences struct {
	represent, track, goOn bool
	notes                  annotations
	page                   int
	applied                []string
}

func parsePrefer(h http.Header) (p preferences, err error) {
	for _, line := range h.Values("Prefer") {
		for _, item := range splitQuoted(line) {
			name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			value = strings.Trim(value, `"`)
			switch strings.TrimSpace(name) {
			case "return":
				p.represent = value == "representation"
			case "odata.include-annotations":
				for n := range strings.SplitSeq(value, ",") {
					p.notes = append(p.notes, strings.TrimSpace(n))
				}
			case "odata.maxpagesize":
				n, bad := strconv.Atoi(value)
				if bad != nil || n < 1 {
					return p, badQuery("The odata.maxpagesize preference '%s' is not valid.", value)
				}
				p.page = min(n, maxPage)
			case "odata.track-changes":
				p.track = true
			case "odata.continue-on-error":
				p.goOn = value != "false"
			default:
				continue
			}
			p.applied = append(p.applied, strings.TrimSpace(item))
		}
	}
	return p, nil
}

func splitQuoted(s string) []string {
	var out []string
	from, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

// segment is one part of a path: name, or name(key).
type segment struct {
	name, key string
	keyed     bool
}

// splitPath cuts a path at its slashes, those within quotes excepted, and
// undoes the escaping.
func splitPath(path string) ([]segment, error) {
	var out []segment
	from, quoted := 0, false
	cutAt := func(end int) error {
		raw, err := url.PathUnescape(path[from:end])
		if err != nil {
			return badQuery("The path can't be read: %v", err)
		}
		seg := segment{name: raw}
		if name, key, ok := strings.Cut(raw, "("); ok {
			if key, ok = strings.CutSuffix(key, ")"); !ok {
				return badQuery("Bad Request - Error in query syntax.")
			}
			seg = segment{name, key, true}
		}
		out = append(out, seg)
		from = end + 1
		return nil
	}
	for i := 0; i < len(path); i++ {
		if path[i] == '\'' {
			quoted = !quoted
		} else if path[i] == '/' && !quoted {
			if err := cutAt(i); err != nil {
				return nil, err
			}
		}
	}
	if from < len(path) {
		if err := cutAt(len(path)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
