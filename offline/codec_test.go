package offline

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fillAll gives every field below v a value of its own that isn't zero, so that
// a field that the codec forgets is noticed.
func fillAll(v reflect.Value, n *int) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(int64(1_700_000_000+*n), int64(*n)).UTC()))
		return
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(v.Elem(), n)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) << 20)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 251))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n) << 10)
	case reflect.Struct:
		for i := range v.NumField() {
			fillAll(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fillAll(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillAll(key, n)
			fillAll(value, n)
			v.SetMapIndex(key, value)
		}
	default:
		panic("a kind of field that the codec doesn't know: " + v.Type().String())
	}
}

func TestEveryFieldOfAMessageIsKept(t *testing.T) {
	var want Message
	n := 0
	fillAll(reflect.ValueOf(&want).Elem(), &n)
	want.Key = 0 // it is the key of the row
	var w writer
	w.message(&want)
	got, err := readMessage(string(w.b))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a field is missing in codec_message.go? %v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestEveryFieldOfARecordIsKept(t *testing.T) {
	var want Record
	n := 0
	fillAll(reflect.ValueOf(&want).Elem(), &n)
	var w writer
	w.record(&want)
	got, err := readRecord(string(w.b))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a field is missing in codec_record.go? %v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestEveryFieldOfAnItemAndOfItsLinkIsKept(t *testing.T) {
	var want Item
	n := 0
	fillAll(reflect.ValueOf(&want).Elem(), &n)
	want.Key = 0 // it is the key of the row
	var w writer
	w.anItem(&want)
	got, err := readItem(string(w.b))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a field is missing in codec_item.go? %v\n got %+v\nwant %+v", err, got, want)
	}
	var link ItemLink
	fillAll(reflect.ValueOf(&link).Elem(), &n)
	w = writer{}
	w.itemLink(&link)
	if got, err := readItemLink(string(w.b)); err != nil || !reflect.DeepEqual(got, link) {
		t.Errorf("a field is missing in codec_item.go? %v\n got %+v\nwant %+v", err, got, link)
	}
}

func TestOddValuesAreKept(t *testing.T) {
	long := strings.Repeat("long ", 5000)
	for name, want := range map[string]Message{
		"zero":       {},
		"empty ones": {Identity: "<a>", From: []Address{{}, {Name: "x"}, {}}, InReplyTo: []string{""}, Places: []Place{{}}},
		"long ones":  {Identity: "<a>", From: []Address{{Name: long, Addr: long}}, Subject: long, Places: []Place{{Flags: []string{long, ""}}}},
		"negative":   {Size: -1, Track: Tracking{Epoch: -5}},
		"bytes":      {Subject: "a\x00\xff\n"},
		"old dates":  {Date: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), Received: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)},
		"1969":       {Date: time.Date(1969, 12, 31, 23, 59, 59, 5, time.UTC)},
	} {
		var w writer
		w.message(&want)
		if got, err := readMessage(string(w.b)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, err, got, want)
		}
	}
}

func TestFieldsThatAreNotKnownAreSkipped(t *testing.T) {
	want := sampleMessage(1)
	var w writer
	w.number(900, 77)
	w.message(&want)
	w.text(901, "from a later version")
	w.group(902, func(w *writer) { w.message(&want) })
	if got, err := readMessage(string(w.b)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

func FuzzReadMessage(f *testing.F) {
	m := sampleMessage(1)
	m.Track = Tracking{State: Tracked, Since: testClock(), Record: Ref{KindEmail, "1"}}
	var w writer
	w.message(&m)
	f.Add(string(w.b))
	f.Fuzz(func(t *testing.T, row string) {
		m, err := readMessage(row)
		if err != nil {
			return
		}
		var w writer
		w.message(&m)
		again, err := readMessage(string(w.b))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%v\n got %+v\nwant %+v", err, again, m)
		}
	})
}

func FuzzReadRecord(f *testing.F) {
	var w writer
	w.record(&Record{Ref: Ref{KindEmail, "1"}, Name: "n", Fields: Fields{"a": "b"}, Email: &Email{Token: "t"}})
	f.Add(string(w.b))
	f.Fuzz(func(t *testing.T, row string) {
		r, err := readRecord(row)
		if err != nil {
			return
		}
		var w writer
		w.record(&r)
		again, err := readRecord(string(w.b))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%v\n got %+v\nwant %+v", err, again, r)
		}
	})
}

func FuzzReadItem(f *testing.F) {
	var w writer
	w.anItem(&Item{Collection: "c", Href: "h", Kind: KindTask, Raw: []byte("BEGIN:VCALENDAR"), Fields: Fields{"a": "b"}, Track: Tracking{State: Tracked}})
	f.Add(string(w.b))
	f.Fuzz(func(t *testing.T, row string) {
		it, err := readItem(row)
		if err != nil {
			return
		}
		var w writer
		w.anItem(&it)
		again, err := readItem(string(w.b))
		if err != nil || !reflect.DeepEqual(again, it) && !(len(it.Raw) == 0 && len(again.Raw) == 0) {
			t.Errorf("%v\n got %+v\nwant %+v", err, again, it)
		}
	})
}
