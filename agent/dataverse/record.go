package dataverse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// Annotations that we ask for.
const (
	logicalName    = "@Microsoft.Dynamics.CRM.lookuplogicalname"
	navigationName = "@Microsoft.Dynamics.CRM.associatednavigationproperty"
	formattedValue = "@OData.Community.Display.V1.FormattedValue"
	annotations    = `odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname,Microsoft.Dynamics.CRM.associatednavigationproperty,OData.Community.Display.V1.FormattedValue"`
)

// row is a record as JSON gives it; numbers stay as written.
type row map[string]any

func (r row) text(col string) string {
	switch v := r[col].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

func (r row) number(col string) int64 {
	if n, ok := r[col].(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i
		}
	}
	return 0
}

func (r row) yes(col string) bool {
	b, _ := r[col].(bool)
	return b
}

// when reads a time; rows of some versions leave the zone away and mean UTC.
func (r row) when(col string) time.Time {
	s := r.text(col)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// ref reads a lookup column; name is without _ and _value. The kind comes from
// the annotation, or is def where the server gave none.
func (r row) ref(name string, def offline.Kind) offline.Ref {
	col := lookup(name)
	id := strings.ToLower(r.text(col))
	if id == "" {
		return offline.Ref{}
	}
	kind := def
	if l := r.text(col + logicalName); l != "" {
		kind = kindOf(l)
	}
	return offline.Ref{Kind: kind, ID: id}
}

// removed reports whether r is a tombstone, and of which id.
func (r row) removed() (id string, ok bool) {
	ctx, _ := r["@odata.context"].(string)
	if _, gone := r["@removed"]; !gone && !strings.HasSuffix(ctx, "$deletedEntity") {
		return "", false
	}
	id = strings.ToLower(guids.FindString(r.text("id") + " " + r.text("@id") + " " + r.text("@odata.id")))
	return id, id != ""
}

// record translates a row of t.
func (t table) record(r row) offline.Record {
	rec := offline.Record{
		Ref:     offline.Ref{Kind: t.kind, ID: strings.ToLower(r.text(t.id))},
		Name:    strings.TrimSpace(r.text(t.name)),
		Created: r.when("createdon"), Changed: r.when("modifiedon"),
		ETag: r.text("@odata.etag"),
	}
	if t.state == "isdisabled" {
		rec.Active = !r.yes(t.state)
	} else {
		rec.Active = r.number(t.state) == 0
	}
	for _, col := range t.addrs {
		if a := strings.TrimSpace(r.text(col)); a != "" {
			rec.Addrs = append(rec.Addrs, a)
		}
	}
	if t.parent != "" {
		rec.Parent = r.ref(t.parent, offline.KindAccount)
	}
	if t.owner {
		rec.Owner = r.ref("ownerid", offline.KindUser)
	}
	t.describe(&rec, r)
	if t.kind == offline.KindEmail {
		rec.Email = email(r)
	}
	return rec
}

// describe fills fields and summary.
func (t table) describe(rec *offline.Record, r row) {
	for _, f := range t.fields {
		v := ""
		if f.formatted {
			v = r.text(f.column + formattedValue)
		}
		if v == "" {
			v = r.text(f.column)
		}
		if v = strings.TrimSpace(v); v != "" {
			if rec.Fields == nil {
				rec.Fields = offline.Fields{}
			}
			rec.Fields[f.word] = v
		}
	}
	var words []string
	for _, word := range t.summary {
		v := rec.Fields[word]
		if word == "parent" {
			v = strings.TrimSpace(r.text(lookup(t.parent) + formattedValue))
		}
		if v != "" {
			words = append(words, v)
		}
	}
	rec.Summary = strings.Join(words, ", ")
}

// Status reasons of an email that waits to be sent (table reference: email).
const (
	statusDraft   = 1
	statusSent    = 3
	statusPending = 6
	statusSending = 7
	statusFailed  = 8
)

func email(r row) *offline.Email {
	status := r.number("statuscode")
	e := &offline.Email{
		Identity:  r.text("messageid"),
		Token:     r.text("trackingtoken"),
		Outgoing:  r.yes("directioncode"),
		Closed:    r.number("statecode") != 0,
		Regarding: r.ref("regardingobjectid", ""),
		Thread:    r.text("conversationindex"),
		Pending:   status == statusPending || status == statusSending,
		Sent:      r.when("actualend"), // what Postrider writes: the message's own date
	}
	if e.Sent.IsZero() {
		e.Sent = r.when("senton")
	}
	// The row tells the sender and those in To; copies are among the parties only.
	for _, a := range append([]string{r.text("sender")}, strings.Split(r.text("torecipients"), ";")...) {
		e.People = addPerson(e.People, a)
	}
	return e
}

func addPerson(people []string, addr string) []string {
	if a := offline.Fold(addr); a != "" && !slices.Contains(people, a) {
		return append(people, a)
	}
	return people
}

// page is one page of a collection.
type page struct {
	Rows  []row  `json:"value"`
	Next  string `json:"@odata.nextLink"`
	Delta string `json:"@odata.deltaLink"`
}

// decode reads JSON of the server into v, numbers as written.
func decode(what string, body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return &offline.Fault{Class: offline.FaultProtocol, Op: what, Text: "the server's answer is not what the API promises", Err: err}
	}
	return nil
}
