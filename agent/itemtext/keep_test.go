package itemtext

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/agent/vobject"
	"postrider/offline"
)

// marked puts into every component what Postrider does not know, and a parameter that
// it does not know, with a number, onto every line.
func marked(raw string) string {
	var out []string
	for i, l := range strings.Split(raw, "\r\n") {
		name, _, _ := strings.Cut(strings.ToUpper(l), ":")
		end := strings.IndexAny(l, ";:")
		switch {
		case strings.HasPrefix(l, "END:"):
			out = append(out, fmt.Sprintf("X-KEEP-%d;X-P=\"a;b\";x-q=^C:kept\\, %s", i, strings.Repeat("漢", 40)), "ATTACH;X-P=c:https://x.example/a", "x-empty:")
			if strings.HasPrefix(l, "END:VEVENT") || strings.HasPrefix(l, "END:VTODO") {
				out = append(out, "BEGIN:VALARM", "X-KEEP-ALARM:yes", "ACTION:AUDIO", "TRIGGER;RELATED=START:-PT5M", "END:VALARM", "BEGIN:X-OTHER", "X-KEEP:yes", "END:X-OTHER")
			}
		case end > 0 && name != "BEGIN" && !strings.HasPrefix(l, " "):
			l = l[:end] + fmt.Sprintf(";x-Keep=\"%d\"", i) + l[end:]
		}
		out = append(out, l)
	}
	return strings.Join(out, "\r\n")
}

// also are the properties that go with a word, as they say in another way what it
// was, and those that say one and go when it does.
var (
	also = map[string][]string{"body": {"X-ALT-DESC", "STYLED-DESCRIPTION"}, "address": {"LABEL"}, "photo": {"PHOTO"}, "categories": {"CATEGORIES"}, "time": {"DURATION"}, "due": {"DURATION"}, "status": {"COMPLETED", propStatus}}
	says = map[string][]string{"subject": {"SUMMARY"}, "body": {"NOTE", "DESCRIPTION"}, "location": {"LOCATION"}, "private": {"CLASS"}, "categories": {"CATEGORIES"}, "department": {"ORG"}, "start": {"DTSTART"}, "due": {"DUE"}, "percent": {"PERCENT-COMPLETE"},
		"parent": {propRegarding}, "regarding": {propRegarding}, "completed": {"COMPLETED"}, "required": {"ATTENDEE"}, "optional": {"ATTENDEE"}, "status": {"STATUS"}}
)

func mayGo(name string, change, before offline.Fields) bool {
	for w, v := range change {
		for of, props := range also {
			if strings.HasPrefix(w, of) && slices.Contains(props, name) {
				return true
			}
		}
		if v != "" && w != "required" && w != "optional" || before[w] == "" {
			continue
		}
		slot, _, _ := strings.Cut(w, "-")
		props := append(slices.Clone(says[w]), slotName(w))
		if strings.HasPrefix(w, "address") {
			props = append(props, slotName(slot))
		}
		for _, h := range heldWords {
			if h.word == w {
				props = append(props, h.props...)
				props = append(props, "RELATED", "X-ABRELATEDNAMES", "X-ABDATE")
			}
		}
		if slices.Contains(props, name) || name == "X-ABLABEL" {
			return true
		}
	}
	return false
}

// No edit drops what we don't know: properties, alarms, attachments, components, and
// parameters of the lines that it changes.
func TestNoEditDropsWhatWeDoNotKnow(t *testing.T) {
	zone := stockholm(t)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]offline.Kind{offline.KindContact, offline.KindAppointment, offline.KindTask}).Draw(t, "kind")
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(corpus()[kind]))).Draw(t, "text")
		plain := strings.ReplaceAll(strings.ReplaceAll(corpus()[kind][name], "\r\n", "\n"), "\n", "\r\n")
		if strings.Contains(plain, "QUOTED-PRINTABLE") { // the marks would stand in what goes on
			plain = strings.ReplaceAll(plain, "=\r\n", "")
		}
		raw := marked(strings.TrimSuffix(plain, "\r\n") + "\r\n")
		change := drawWords(t, kind)
		before := text.Read(kind, []byte(raw), zone)
		if before.Fields[offline.WordRecurrence] != "" {
			delete(change, "time")
		}
		got, err := text.Edit(kind, []byte(raw), "u", change, before.Mark, zone)
		if err != nil {
			return
		}
		for l := range strings.SplitSeq(raw, "\r\n") {
			prop := strings.ToUpper(l[:max(0, strings.IndexAny(l+":", ";:"))])
			_, prop, _ = strings.Cut("."+prop[strings.LastIndexByte(prop, '.')+1:], ".")
			_, mark, ok := strings.Cut(l, "x-Keep=")
			mark, _, _ = strings.Cut(mark, ";")
			mark, _, _ = strings.Cut(mark, ":")
			switch {
			case ok:
				if !bytes.Contains(bytes.ReplaceAll(got, []byte("\r\n "), nil), []byte("x-Keep="+mark)) && !mayGo(prop, change, before.Fields) {
					t.Fatalf("%v took %q out, or its parameter:\n%s", change, l, got)
				}
			case !bytes.Contains(got, []byte(l+"\r\n")) && l != "":
				t.Fatalf("%v took out %q:\n%s", change, l, got)
			}
		}
	})
}

// FuzzEditKeeps edits a word of any text at all: components and lines whose names
// no word speaks of are all there afterwards, as they were.
func FuzzEditKeeps(f *testing.F) {
	for _, all := range corpus() {
		for _, raw := range all {
			f.Add([]byte(marked(raw)), "body", "x")
			f.Add([]byte(raw), "spouse", "")
		}
	}
	known := map[string]bool{}
	for _, h := range heldWords {
		for _, p := range h.props {
			known[p] = true
		}
	}
	for _, p := range strings.Fields("N FN TEL EMAIL ADR LABEL URL PHOTO CATEGORIES CLASS REV RELATED X-ABRELATEDNAMES X-ABDATE X-ABLABEL X-ABADR SUMMARY LOCATION DESCRIPTION X-ALT-DESC STYLED-DESCRIPTION PRIORITY STATUS TRANSP PERCENT-COMPLETE COMPLETED " +
		"DUE DTSTART DTEND DURATION DTSTAMP LAST-MODIFIED SEQUENCE ORGANIZER ATTENDEE RRULE EXDATE") {
		known[p] = true
	}
	var lines func(c *vobject.Component, at string, in map[string]int)
	lines = func(c *vobject.Component, at string, in map[string]int) {
		at += "/" + c.Name
		in[at]++
		for _, l := range c.Lines() {
			if !known[l.Name] && !strings.HasPrefix(l.Name, "X-POSTRIDER") && !strings.HasPrefix(l.Name, "X-MICROSOFT") {
				in[at+" "+l.Group+"."+l.Name+":"+l.Value()]++
			}
		}
		for _, child := range c.Components() {
			lines(child, at, in)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, word, v string) {
		for kind := range corpus() {
			got, err := text.Edit(kind, raw, "u", offline.Fields{word: v}, offline.Mark{}, time.UTC)
			if err != nil || len(raw) == 0 {
				continue
			}
			was, is := map[string]int{}, map[string]int{}
			for _, c := range vobject.Parse(raw).Components() {
				lines(c, "", was)
			}
			for _, c := range vobject.Parse(got).Components() {
				lines(c, "", is)
			}
			for l, n := range was {
				if is[l] < n && !(word == offline.WordRecurrence && v == "") { // whose exceptions go with it
					t.Fatalf("%s %q=%q took out %q:\n%q\n%q", kind, word, v, l, raw, got)
				}
			}
		}
	})
}
