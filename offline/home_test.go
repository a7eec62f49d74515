package offline

import "testing"

func TestWhereNewItemsArePut(t *testing.T) {
	cal := []Kind{KindAppointment}
	for _, c := range []struct {
		name, want string
		all        []Collection
	}{
		{"none can be written to", "", []Collection{{URL: "a", Kinds: cal, ReadOnly: true}, {URL: "b", Kinds: cal, Off: true}, {URL: "c", Kinds: cal, Missing: true}, {URL: "d", Kinds: []Kind{KindTask}}}},
		{"the first", "b", []Collection{{URL: "a", Kinds: cal, ReadOnly: true}, {URL: "b", Kinds: cal}, {URL: "c", Kinds: cal}}},
		{"the chosen one", "c", []Collection{{URL: "a", Kinds: cal}, {URL: "b", Kinds: cal}, {URL: "c", Kinds: cal, Home: true}}},
		{"the chosen one is left alone", "a", []Collection{{URL: "a", Kinds: cal}, {URL: "c", Kinds: cal, Home: true, Off: true}}},
	} {
		if got, ok := HomeOf(c.all, KindAppointment); got.URL != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, want %q", c.name, got.URL, c.want)
		}
	}
}
