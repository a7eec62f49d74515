package vobject

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// hostile are texts that make a parser look through, or call itself through, as many
// components as are open.
func hostile(n int) map[string][]byte {
	begins := func(name string) string { return strings.Repeat("BEGIN:"+name+"\n", n) }
	return map[string][]byte{
		"unmatched ends":     []byte(begins("A") + strings.Repeat("END:B\n", n)),
		"deep":               []byte(begins("A") + strings.Repeat("END:A\n", n)),
		"ends of nothing":    []byte(strings.Repeat("END:A\n", n)),
		"one long fold":      []byte("NOTE:a\n" + strings.Repeat(" =\n", n)),
		"soft line breaks":   []byte("NOTE;QUOTED-PRINTABLE:=\n" + strings.Repeat("a=\n", n)),
		"a head of no value": []byte("NOTE;QUOTED-PRINTABLE\n" + strings.Repeat(" ;=\n", n)),
	}
}

// The work for each line is bounded: no more components are open than maxDepth.
func TestNoTextIsTooDeep(t *testing.T) {
	for name, raw := range hostile(1 << 15) {
		f := Parse(raw)
		if !bytes.Equal(f.Bytes(), raw) {
			t.Errorf("%s: it came out as another", name)
		}
		depth := 0
		for c := &f.root; c != nil; depth++ {
			next := c.Components()
			if c = nil; len(next) > 0 {
				c = next[len(next)-1]
			}
		}
		if depth > maxDepth+1 {
			t.Errorf("%s: %d components deep", name, depth)
		}
	}
	// What is around it is read all the same.
	raw := "BEGIN:VCARD\n" + strings.Repeat("BEGIN:X\n", 40) + strings.Repeat("END:X\n", 40) + "FN:a\nEND:VCARD\n"
	if l := Parse([]byte(raw)).Components("VCARD")[0].First("FN"); l == nil {
		t.Error("the name is lost")
	}
}

// An appointment whose END is missing does not swallow what is put behind it.
func TestAComponentWithoutItsEndIsEndedBeforeTheNext(t *testing.T) {
	f := Parse([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nBEGIN:VALARM\nTRIGGER:x"))
	f.Components()[0].AddComponent(f.Components()[0].Components("VEVENT")[0].Clone())
	events := Parse(f.Bytes()).Components("VCALENDAR")[0].Components("VEVENT")
	if len(events) != 2 || len(events[1].Components("VALARM")) != 1 {
		t.Errorf("%s", f.Bytes())
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1 << 12, 1 << 15, 1 << 18} {
		for name, raw := range hostile(n) {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				for b.Loop() {
					Parse(raw)
				}
			})
		}
	}
}
