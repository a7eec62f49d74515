package dataverse

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"postrider/offline"
)

// recordForm says how our words of a record to be made are kept in its table
// (table reference: contact, lead, opportunity, incident).
type recordForm struct {
	columns map[string]string       // by our word
	parents map[offline.Kind]string // navigation properties of what it can belong to
	fixed   map[string]any          // what is always written
}

var personColumns = map[string]string{
	"first": "firstname", "last": "lastname", "title": "jobtitle", "phone": "telephone1", "mobile": "mobilephone", "email": "emailaddress1", "website": "websiteurl",
	"street": "address1_line1", "city": "address1_city", "postcode": "address1_postalcode", "country": "address1_country", "notes": "description",
}

// formOf returns the form of a kind that records are made of.
func formOf(k offline.Kind) (f recordForm, ok bool) {
	customer := map[offline.Kind]string{offline.KindAccount: "customerid_account", offline.KindContact: "customerid_contact"}
	switch k {
	case offline.KindContact:
		return recordForm{columns: personColumns, parents: map[offline.Kind]string{offline.KindAccount: "parentcustomerid_account", offline.KindContact: "parentcustomerid_contact"}}, true
	case offline.KindLead:
		columns := map[string]string{"topic": "subject", "company": "companyname"}
		for word, col := range personColumns {
			columns[word] = col
		}
		return recordForm{columns: columns, parents: map[offline.Kind]string{offline.KindAccount: "parentaccountid", offline.KindContact: "parentcontactid"}}, true
	case offline.KindOpportunity:
		return recordForm{columns: map[string]string{"topic": "name", "notes": "description", "value": "estimatedvalue"}, parents: customer}, true
	case offline.KindCase: // came by email: caseorigincode 2
		return recordForm{columns: map[string]string{"topic": "title", "notes": "description"}, parents: customer, fixed: map[string]any{"caseorigincode": 2}}, true
	}
	return recordForm{}, false
}

// recordLength is how long a column may be, in UTF-16 units, until the server
// teaches us otherwise; 0: as long as we like.
func (c *Client) recordLength(logical, column string) (n int) {
	switch {
	case column == "firstname" || column == "lastname" || column == "mobilephone" || column == "telephone1":
		n = 50
	case column == "jobtitle" || column == "emailaddress1" || column == "companyname":
		n = 100
	case column == "websiteurl" || logical == "incident" && column == "title":
		n = 200
	case column == "address1_line1":
		n = 250
	case column == "address1_city" || column == "address1_country":
		n = 80
	case column == "address1_postalcode":
		n = 20
	case column == "subject" || column == "name":
		n = 300
	case column == "description":
		n = 2000
	}
	c.under(func() {
		if l, ok := c.limits[logical+"."+column]; ok {
			n = l
		}
	})
	return n
}

// makeRecord makes one contact, lead, opportunity or case. A repeat finds its
// own record, whose id was chosen by chance for this change alone.
type makeRecord struct {
	progress
	c       *Client
	ch      offline.Change
	t       table
	form    recordForm
	stage   recordStage
	orphan  bool // without its parent, which is gone or hidden
	refusal *offline.Fault
	trace   map[string]bool
}

type recordStage int

const (
	making recordStage = iota
	meeting
	askingParent
)

const opMake = "create the record"

func newMakeRecord(c *Client, ch offline.Change) task {
	form, ok := formOf(ch.Record.Kind)
	t, _ := tableOf(ch.Record.Kind)
	if !ok || c.path(ch.Record) == "" {
		return unwritable(fmt.Sprintf("Postrider can't make a %s", ch.Record.Kind))
	}
	if !ch.Parent.IsZero() && (form.parents[ch.Parent.Kind] == "" || c.path(ch.Parent) == "") {
		return unwritable(fmt.Sprintf("a %s can't belong to a %s", ch.Record.Kind, ch.Parent.Kind))
	}
	return &makeRecord{progress: progress{weight: 20}, c: c, ch: ch, t: t, form: form, trace: map[string]bool{}}
}

func (j *makeRecord) parts() []part {
	switch j.stage {
	case meeting:
		return []part{get(j.c.probe(j.ch.Record))}
	case askingParent:
		return []part{get(j.c.probe(j.ch.Parent))}
	}
	return []part{{ops: []op{{
		method: http.MethodPatch, path: query(j.c.path(j.ch.Record), param{"$select", j.t.id}), body: marshal(j.row()),
		header: [][2]string{{"If-None-Match", "*"}, {"Prefer", "return=representation"}},
	}}}}
}

// row is what is written. What is too long is cut, with a note.
func (j *makeRecord) row() map[string]any {
	v := map[string]any{}
	for col, value := range j.form.fixed {
		v[col] = value
	}
	for word, text := range j.ch.Fields {
		if text = strings.TrimSpace(text); text == "" || j.form.columns[word] == "" {
			continue
		}
		col := j.form.columns[word]
		if word == "value" {
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				v[col] = n
			} else {
				j.note(fmt.Sprintf("the value %q is not a number and was left out", text))
			}
			continue
		}
		if n := j.c.recordLength(j.t.logical, col); n > 0 {
			cut := false
			if text, cut = cutUnits(text, n); cut {
				j.note(fmt.Sprintf("the %s was longer than the CRM takes and was cut to %d characters", wordFor(word), n))
			}
		}
		v[col] = text
	}
	if company := strings.TrimSpace(j.ch.Fields["company"]); company != "" && j.form.columns["company"] == "" && j.ch.Parent.IsZero() && j.ch.Record.Kind == offline.KindContact {
		// A contact has a company only by its account (R-REGARDING-05); the
		// text is kept where people look.
		notes, _ := v["description"].(string)
		v["description"], _ = cutUnits(strings.TrimSpace("Company: "+company+"\n"+notes), j.c.recordLength(j.t.logical, "description"))
	}
	if nav := j.form.parents[j.ch.Parent.Kind]; nav != "" && !j.orphan {
		v[nav+"@odata.bind"] = "/" + j.c.path(j.ch.Parent)
	}
	for col := range v {
		if !j.c.has(j.t.logical, col) {
			delete(v, col)
		}
	}
	return v
}

func wordFor(word string) string {
	switch word {
	case "first", "last":
		return word + " name"
	}
	return word
}

func (j *makeRecord) note(s string) {
	if !slices.Contains(j.out.Notes, s) {
		j.out.Notes = append(j.out.Notes, s)
	}
}

func (j *makeRecord) once(way string) bool {
	was := j.trace[way]
	j.trace[way] = true
	return !was
}

func (j *makeRecord) take(rs [][]reply) {
	r := rs[0][0]
	switch {
	case j.stage == meeting:
		j.met(r)
	case j.stage == askingParent:
		j.judge(r)
	case r.ok():
		j.out.ETag = etagOf(r)
		j.finish(nil)
	default:
		j.refused(j.c.fault(opMake, r))
	}
}

func (j *makeRecord) refused(f *offline.Fault) {
	switch {
	case j.later(f):
	case f.Class == offline.FaultExists || f.Class == offline.FaultStale:
		j.stage = meeting
	case j.shorten(f) || j.forgo(f):
	case (f.Class == offline.FaultNotFound || f.Class == offline.FaultDenied) && !j.ch.Parent.IsZero() && !j.orphan && j.once("parent"):
		j.stage, j.refusal = askingParent, f
	default:
		j.finish(j.worded(f))
	}
}

// worded says a refusal plainly, with what the server said.
func (j *makeRecord) worded(f *offline.Fault) *offline.Fault {
	if f.Class == offline.FaultDenied {
		f.Text = fmt.Sprintf("the CRM does not let you create a %s; ask your administrator for that right. It says: %s", j.ch.Record.Kind, f.Text)
	}
	return f
}

// shorten learns the length of a column.
func (j *makeRecord) shorten(f *offline.Fault) bool {
	col, n := longColumn(f)
	if col == "" || n < 1 || !j.once("long "+col) {
		return false
	}
	j.c.under(func() { j.c.limits[j.t.logical+"."+col] = n })
	return true
}

// forgo leaves out a column that the server does not have.
func (j *makeRecord) forgo(f *offline.Fault) bool {
	col, _, _ := strings.Cut(unknownColumn(f), "@")
	if col == "" || !j.once("column "+col) {
		return false
	}
	for _, nav := range j.form.parents {
		if col == nav {
			return false
		}
	}
	for word, c := range j.form.columns {
		if c == col && j.ch.Fields[word] != "" {
			j.note(fmt.Sprintf("the CRM has no place for the %s", wordFor(word)))
		}
	}
	j.c.forgo(j.t.logical, col)
	return true
}

// met takes the answer about the record that is there already.
func (j *makeRecord) met(r reply) {
	if r.ok() {
		j.out.Existed, j.out.ETag = true, etagOf(r)
		j.finish(nil)
		return
	}
	f := j.c.fault(opMake, r)
	switch {
	case j.later(f):
	case f.Class == offline.FaultDenied: // made, and not ours to see any more
		j.out.Existed = true
		j.finish(nil)
	case f.Class == offline.FaultNotFound && j.once("vanished"):
		j.stage = making
	default:
		j.finish(f)
	}
}

// judge takes the answer about the parent: without it a contact or lead is made
// all the same, with a note.
func (j *makeRecord) judge(r reply) {
	j.stage = making
	if !r.ok() {
		f := j.c.fault(opMake, r)
		switch {
		case j.later(f):
			j.stage = askingParent
			return
		case f.Class == offline.FaultNotFound || f.Class == offline.FaultDenied:
			if j.ch.Record.Kind == offline.KindContact || j.ch.Record.Kind == offline.KindLead {
				j.orphan = true
				j.note(fmt.Sprintf("the %s that it belongs to is gone or not yours to use and was left out", j.ch.Parent.Kind))
				return
			}
			f.Text = fmt.Sprintf("the %s that the %s is for is no longer in the CRM, or not yours to use", j.ch.Parent.Kind, j.ch.Record.Kind)
			f.Class = offline.FaultRejected // the record itself can't be missing: it is to be made
			j.finish(f)
			return
		}
	}
	j.finish(j.worded(j.refusal))
}
