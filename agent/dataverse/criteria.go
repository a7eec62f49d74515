package dataverse

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postrider/offline"
)

// node is an element of FetchXML (vendor's reference: FetchXML). Documents of a
// few kilobytes that people edit are read whole.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Kids    []node     `xml:",any"`
	Text    string     `xml:",chardata"`
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// only tells whether n has no other attributes than these, which people's editors
// leave there and which change nothing.
func (n *node) only(names ...string) bool {
	return !slices.ContainsFunc(n.Attrs, func(a xml.Attr) bool { return !slices.Contains(names, a.Name.Local) })
}

func el(name string, attrs ...string) node {
	n := node{XMLName: xml.Name{Local: name}}
	for i := 0; i < len(attrs); i += 2 {
		n.Attrs = append(n.Attrs, xml.Attr{Name: xml.Name{Local: attrs[i]}, Value: attrs[i+1]})
	}
	return n
}

// meetingRoles are the participation types of those who take part in an
// appointment: required, optional, organizer, owner.
var meetingRoles = []string{"5", "6", "7", "9"}

// openStates are the states of records that are not over.
func openStates(k offline.Kind) []string {
	if k == offline.KindAppointment || k == offline.KindSeries {
		return []string{"0", "3"} // open, scheduled
	}
	return []string{"0"}
}

// columnOf is the column that a word of a criterion is about.
func columnOf(k offline.Kind, word string) string {
	switch {
	case word == offline.FilterModified:
		return "modifiedon"
	case word == "start", word == offline.WordTime && k == offline.KindAppointment:
		return "scheduledstart"
	case word == "due":
		return "scheduledend"
	case k == offline.KindContact:
		return contactWords[word]
	}
	return activityWords[word]
}

// Criteria are what f asks in words. ok is false where it asks more than that.
func (c *Client) Criteria(f offline.SyncFilter) (out offline.Criteria, ok bool) {
	var root node
	if xml.Unmarshal([]byte(f.Query), &root) != nil || root.XMLName.Local != "fetch" || len(root.Kids) != 1 ||
		!root.only("version", "output-format", "mapping", "distinct", "no-lock") {
		return out, false
	}
	entity := &root.Kids[0]
	t, ok := itemTable(f.Kind)
	if !ok || entity.XMLName.Local != "entity" || entity.attr("name") != t.logical || !entity.only("name") {
		return out, false
	}
	r := criteriaReader{kind: f.Kind, words: offline.FilterWords(f.Kind)}
	for i := range entity.Kids {
		switch kid := &entity.Kids[i]; kid.XMLName.Local {
		case "attribute", "all-attributes", "order": // nothing that a filter lets in depends on them
		case "filter":
			ok = ok && r.filter(kid)
		case "link-entity":
			ok = ok && r.party(kid)
		default:
			ok = false
		}
	}
	// Of what holds beside a list of alternatives words can't tell.
	return r.out, ok && (!r.out.Any || r.groups == 1 && !r.linked)
}

type criteriaReader struct {
	kind   offline.Kind
	words  []offline.FilterWord
	out    offline.Criteria
	groups int
	linked bool
}

func (r *criteriaReader) filter(n *node) bool {
	r.groups++
	if !n.only("type") {
		return false
	}
	switch n.attr("type") {
	case "", "and":
	case "or":
		r.out.Any = len(n.Kids) > 1
	default:
		return false
	}
	for i := range n.Kids {
		kid := &n.Kids[i]
		if kid.XMLName.Local == "filter" && n.attr("type") != "or" && kid.attr("type") != "or" {
			if !r.filter(kid) {
				return false
			}
			continue
		}
		x, ok := r.condition(kid)
		if !ok || !r.knows(x) {
			return false
		}
		r.out.List = append(r.out.List, x)
	}
	return true
}

func (r *criteriaReader) knows(x offline.Criterion) bool {
	return slices.ContainsFunc(r.words, func(w offline.FilterWord) bool { return w.Word == x.Word && slices.Contains(w.Ops, x.Op) })
}

func (r *criteriaReader) condition(n *node) (x offline.Criterion, ok bool) {
	if n.XMLName.Local != "condition" || !n.only("attribute", "operator", "value") {
		return x, false
	}
	column, op, value := n.attr("attribute"), n.attr("operator"), n.attr("value")
	var values []string
	for _, k := range n.Kids {
		values = append(values, strings.TrimSpace(k.Text))
	}
	switch column {
	case "ownerid":
		return offline.Criterion{Word: offline.FilterWho, Op: offline.FilterMine}, op == "eq-userid"
	case "statecode":
		if op == "eq" {
			values = []string{value}
		}
		return offline.Criterion{Word: offline.FilterState, Op: offline.FilterOpen}, (op == "eq" || op == "in") && sameSet(values, openStates(r.kind))
	}
	i := slices.IndexFunc(r.words, func(w offline.FilterWord) bool { return columnOf(r.kind, w.Word) == column })
	if i < 0 || len(values) > 0 {
		return x, false
	}
	x.Word = r.words[i].Word
	x.Op, x.Value, ok = readOp(op, value)
	return x, ok
}

// readOp reads the operators that words have.
func readOp(op, value string) (o offline.FilterOp, v string, ok bool) {
	switch op {
	case "last-x-days", "next-x-days":
		n, err := strconv.Atoi(value)
		o = offline.FilterLastDays
		if op == "next-x-days" {
			o = offline.FilterNextDays
		}
		return o, strconv.Itoa(n), err == nil && n > 0
	case "eq":
		return offline.FilterIs, value, value != ""
	case "begins-with":
		return offline.FilterBegins, value, value != "" && !strings.ContainsAny(value, "%_[")
	case "like":
		inner, end := strings.CutSuffix(value, "%")
		inner, begin := strings.CutPrefix(inner, "%")
		v, plain := unlike(inner)
		o = offline.FilterBegins
		if begin {
			o = offline.FilterContains
		}
		return o, v, end && plain && v != ""
	}
	return "", "", false
}

// liked are the characters that mean something in a pattern, and how they are
// written to mean themselves.
var liked = strings.NewReplacer("[", "[[]", "%", "[%]", "_", "[_]")

// unlike reads a pattern without wildcards as text.
func unlike(pattern string) (string, bool) {
	text := strings.NewReplacer("[[]", "[", "[%]", "%", "[_]", "_").Replace(pattern)
	return text, liked.Replace(text) == pattern
}

// party reads the link by which an appointment is one of the user's.
func (r *criteriaReader) party(n *node) bool {
	if r.linked || !n.only("name", "from", "to", "alias", "link-type") || n.attr("name") != "activityparty" || n.attr("from") != "activityid" ||
		n.attr("to") != "activityid" || n.attr("link-type") != "" && n.attr("link-type") != "inner" || len(n.Kids) != 1 {
		return false
	}
	f := &n.Kids[0]
	if f.XMLName.Local != "filter" || !f.only("type") || f.attr("type") == "or" || len(f.Kids) != 2 {
		return false
	}
	me, roles := &f.Kids[0], &f.Kids[1]
	var values []string
	for _, k := range roles.Kids {
		values = append(values, strings.TrimSpace(k.Text))
	}
	if me.attr("attribute") != "partyid" || me.attr("operator") != "eq-userid" || roles.attr("attribute") != "participationtypemask" || roles.attr("operator") != "in" || !sameSet(values, meetingRoles) {
		return false
	}
	r.linked = true
	x := offline.Criterion{Word: offline.FilterWho, Op: offline.FilterParty}
	r.out.List = append(r.out.List, x)
	return r.knows(x)
}

func sameSet(a, b []string) bool { return slices.Equal(slices.Sorted(slices.Values(a)), b) }

// FilterQuery is the query that asks for records of a kind by criteria. Its errors
// are for people.
func (c *Client) FilterQuery(k offline.Kind, cr offline.Criteria) (string, error) {
	t, ok := itemTable(k)
	if !ok {
		return "", fmt.Errorf("the CRM has no filters for records of the kind %q", k)
	}
	words := offline.FilterWords(k)
	entity, filter := el("entity", "name", t.logical), el("filter", "type", "and")
	entity.Kids = []node{el("attribute", "name", t.id)}
	if cr.Any {
		filter = el("filter", "type", "or")
	}
	var links []node
	for _, x := range cr.List {
		r := criteriaReader{words: words}
		if !r.knows(x) {
			return "", fmt.Errorf("a filter can't ask for %q %q", x.Word, x.Op)
		}
		if x.Op == offline.FilterParty {
			if cr.Any {
				return "", fmt.Errorf("that you take part can't be one of several things of which one is enough; ask that all hold")
			}
			links = []node{partyLink()}
			continue
		}
		n, err := conditionOf(k, x)
		if err != nil {
			return "", err
		}
		filter.Kids = append(filter.Kids, n)
	}
	if len(filter.Kids) > 0 {
		entity.Kids = append(entity.Kids, filter)
	}
	entity.Kids = append(entity.Kids, links...)
	fetch := el("fetch", "version", "1.0", "output-format", "xml-platform", "mapping", "logical", "distinct", "true")
	fetch.Kids = []node{entity}
	b, err := xml.Marshal(fetch)
	return string(b), err
}

func partyLink() node {
	roles := el("condition", "attribute", "participationtypemask", "operator", "in")
	for _, r := range meetingRoles {
		roles.Kids = append(roles.Kids, node{XMLName: xml.Name{Local: "value"}, Text: r})
	}
	f := el("filter", "type", "and")
	f.Kids = []node{el("condition", "attribute", "partyid", "operator", "eq-userid"), roles}
	link := el("link-entity", "name", "activityparty", "from", "activityid", "to", "activityid", "alias", "party")
	link.Kids = []node{f}
	return link
}

func conditionOf(k offline.Kind, x offline.Criterion) (node, error) {
	column, value := columnOf(k, x.Word), strings.TrimSpace(x.Value)
	is := func(op, value string) (node, error) {
		return el("condition", "attribute", column, "operator", op, "value", value), nil
	}
	switch x.Op {
	case offline.FilterMine:
		return el("condition", "attribute", "ownerid", "operator", "eq-userid"), nil
	case offline.FilterOpen:
		states := openStates(k)
		if len(states) == 1 {
			return el("condition", "attribute", "statecode", "operator", "eq", "value", states[0]), nil
		}
		n := el("condition", "attribute", "statecode", "operator", "in")
		for _, s := range states {
			n.Kids = append(n.Kids, node{XMLName: xml.Name{Local: "value"}, Text: s})
		}
		return n, nil
	case offline.FilterLastDays, offline.FilterNextDays:
		days, err := strconv.Atoi(value)
		if err != nil || days < 1 || days > maxFilterDays {
			return node{}, fmt.Errorf("%q is no number of days from 1 to %d", x.Value, maxFilterDays)
		}
		op := "last-x-days"
		if x.Op == offline.FilterNextDays {
			op = "next-x-days"
		}
		return is(op, strconv.Itoa(days))
	}
	if value == "" {
		return node{}, fmt.Errorf("there is nothing to look for in %q", x.Word)
	}
	switch x.Op {
	case offline.FilterBegins:
		return is("like", liked.Replace(value)+"%")
	case offline.FilterContains:
		return is("like", "%"+liked.Replace(value)+"%")
	}
	return is("eq", value)
}

// maxFilterDays is the most days that a filter can reach back or ahead: a hundred
// years, less than the platform takes for any operator of the kind.
const maxFilterDays = 36500
