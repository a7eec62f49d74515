package crmtest

import (
	"reflect"
	"regexp"
	"testing"

	"postrider/offline"
)

// someOptions are an organization's and a user's settings, each another than a
// new organization has.
func someOptions() offline.Options {
	return offline.Options{
		Filter: "records", AutoCreate: offline.KindLead, // R-OPTIONS-09, R-OPTIONS-11
		TokenPrefixes: []string{"ACME-", "CRM:"}, TokenDigits: 1 + 4 + 5, TokenUserDigits: 4, TokenBase: 500, TokenUser: 1, // R-TOKEN-06..10
		CorrelateHeader: false,                                                                                        // R-TOKEN-22
		Smart:           true, SmartNoise: `^(sv|vs):\s*`, SmartMaxWords: 12, SmartSubjectDelta: 1, SmartMinPeople: 3, // R-TOKEN-03, R-TOKEN-17..20
		MaxAttachment: 7 << 20, Blocked: []string{"exe", "xyz"}, // R-LIMITS-03, R-EMAIL-21
		UnresolveMany: true, ResolveOneByOne: true, SendUnresolved: true, // R-EMAIL-16..18
		TwoActivities: true,                // R-EMAIL-22
		MaxFolders:    17, NoFolders: true, // R-FOLDER-01, R-FOLDER-02
		ThreeAddresses: true, Company: true, Zone: "Asia/Tokyo", // R-CONTACT-06, R-REGARDING-06
	}
}

// known is o without what the suite can't set.
func known(o offline.Options) offline.Options {
	o.Methods, o.Tables, o.Creates, o.MaxBody = offline.Methods{}, nil, nil, 0
	return o
}

func (f Fixture) me(t *testing.T) offline.User {
	t.Helper()
	u, err := f.CRM.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func setOptions(fields offline.Fields) offline.Write {
	return offline.Write{Change: offline.Change{Op: offline.OpSetOptions, Fields: fields}}
}

var optionCases = []testCase{
	{"Me tells the options of organization and user", func(t *testing.T, f Fixture) {
		f.Options(someOptions())
		u := f.me(t)
		if got := known(u.Options); !reflect.DeepEqual(got, someOptions()) {
			t.Errorf("options:\n got %+v\nwant %+v", got, someOptions())
		}
		if u.Options.MaxBody < 1000 {
			t.Errorf("the longest text of an email: %d", u.Options.MaxBody)
		}
	}},
	{"a new organization has the defaults of the books", func(t *testing.T, f Fixture) {
		o := f.me(t).Options
		if o.Filter != "replies" || !o.CorrelateHeader || o.UnresolveMany || o.ResolveOneByOne || o.SendUnresolved { // R-EMAIL-01, R-EMAIL-16..18
			t.Errorf("%+v", o)
		}
		if len(o.TokenPrefixes) != 1 || o.TokenPrefixes[0] != "CRM:" || o.TokenDigits != 7 || o.TokenUserDigits != 3 || o.TokenBase != 0 || o.TokenUser == 0 { // R-TOKEN-03, R-TOKEN-06
			t.Errorf("%+v", o)
		}
		if o.MaxAttachment != 5<<20 { // R-LIMITS-03
			t.Errorf("%d bytes of an attachment", o.MaxAttachment)
		}
	}},
	{"the user's options are written where the web client reads them, and a repeat does no harm", func(t *testing.T, f Fixture) { // R-OPTIONS-09, R-OPTIONS-11
		for _, filter := range []string{"all", "replies", "people", "records", "none"} {
			for range 2 {
				f.pushGood(t, setOptions(offline.Fields{"filter": filter}))
			}
			if o := f.me(t).Options; o.Filter != filter {
				t.Errorf("%s: %+v", filter, o)
			}
		}
		for _, kind := range []offline.Kind{offline.KindLead, "", offline.KindContact} {
			f.pushGood(t, setOptions(offline.Fields{"auto_create": string(kind)}))
			if o := f.me(t).Options; o.AutoCreate != kind || o.Filter != "none" {
				t.Errorf("%q: %+v", kind, o)
			}
		}
		for _, bad := range []offline.Fields{{"filter": "some"}, {"auto_create": "case"}, {"colour": "red"}, nil} {
			if out := f.push(t, setOptions(bad)); offline.ClassOf(out[0].Err) != offline.FaultRejected {
				t.Errorf("%v: %v", bad, out[0].Err)
			}
		}
	}},
	{"who moves the mail is told, each channel by itself", func(t *testing.T, f Fixture) { // R-METHOD-01, R-METHOD-02
		for _, m := range []offline.Methods{
			{Incoming: offline.MethodNone, Outgoing: offline.MethodClient, ACT: offline.MethodServer, MayChange: true},
			{Incoming: offline.MethodClient, Outgoing: offline.MethodServer, ACT: offline.MethodNone},
			{Incoming: offline.MethodServer, Outgoing: offline.MethodNone, ACT: offline.MethodClient, MayChange: true},
			{Incoming: offline.MethodForward, Outgoing: offline.MethodNone, ACT: offline.MethodNone},
		} {
			f.Methods(m)
			got := f.me(t).Options.Methods
			m.Mailbox = got.Mailbox
			if got != m || got.Mailbox == "" {
				t.Errorf("got %+v, want %+v", got, m)
			}
		}
	}},
	{"who moves the mail is changed by a user who may, and by nobody else", func(t *testing.T, f Fixture) { // R-METHOD-01
		f.Methods(offline.Methods{Incoming: offline.MethodServer, Outgoing: offline.MethodNone, ACT: offline.MethodNone, MayChange: true})
		set := func(fields offline.Fields) offline.Write {
			box := offline.Ref{Kind: "mailbox", ID: f.me(t).Options.Methods.Mailbox}
			return offline.Write{Change: offline.Change{Op: offline.OpSetMethods, Record: box, Fields: fields}}
		}
		both := set(offline.Fields{"incoming": "client", "outgoing": "client"})
		both.Change.ETag = `W/"1"` // older than the record: only the methods are written, so that does no harm
		f.pushGood(t, both)
		f.pushGood(t, both)
		got := f.me(t).Options.Methods
		if got.Incoming != offline.MethodClient || got.Outgoing != offline.MethodClient || got.ACT != offline.MethodNone {
			t.Errorf("%+v", got)
		}
		if out := f.push(t, set(offline.Fields{"outgoing": "forward"})); offline.ClassOf(out[0].Err) != offline.FaultRejected {
			t.Errorf("outgoing by a forward mailbox: %v", out[0].Err)
		}
		got.MayChange = false
		f.Methods(got)
		if out := f.push(t, set(offline.Fields{"incoming": "none"})); offline.ClassOf(out[0].Err) != offline.FaultDenied {
			t.Errorf("without the right to: %v", out[0].Err)
		}
	}},
	{"a token is made as the organization's settings say, each time the next", func(t *testing.T, f Fixture) { // R-TOKEN-06..11
		o := someOptions()
		f.Options(o)
		shape := regexp.MustCompile(`^ACME-00501\d{5}$`) // current prefix, online, the user's number with the base, the counter
		seen := map[string]bool{}
		for range 3 {
			token, err := f.CRM.Token(t.Context(), "Quote")
			if err != nil || !shape.MatchString(token) || seen[token] {
				t.Errorf("%q, %v", token, err)
			}
			seen[token] = true
		}
		if token, err := f.CRM.Token(t.Context(), "Re: Quote ACME-0050100042"); err != nil || token != "ACME-0050100042" {
			t.Errorf("an answer does not keep its token: %q, %v", token, err)
		}
	}},
	{"where tokens are off there is none, and no error", func(t *testing.T, f Fixture) { // R-TOKEN-03
		o := someOptions()
		o.TokenPrefixes, o.TokenDigits, o.TokenUserDigits, o.TokenBase, o.TokenUser = nil, 0, 0, 0, 0
		f.Options(o)
		for range 2 {
			if token, err := f.CRM.Token(t.Context(), "Quote"); err != nil || token != "" {
				t.Errorf("%q, %v", token, err)
			}
			f.me(t)
		}
	}},
	{"the counter of tokens begins again after its last value", func(t *testing.T, f Fixture) { // R-TOKEN-10
		o := someOptions()
		o.TokenDigits = 1 + 4 + 1
		f.Options(o)
		seen := map[string]int{}
		for range 20 {
			token, err := f.CRM.Token(t.Context(), "Quote")
			if err != nil || len(token) != len("ACME-")+6 {
				t.Fatalf("%q, %v", token, err)
			}
			seen[token]++
		}
		if len(seen) != 10 {
			t.Errorf("%v", seen)
		}
	}},
}
