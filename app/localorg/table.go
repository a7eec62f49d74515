package localorg

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Kind is the type of a column.
type Kind int

// The kinds of column.
const (
	Text     Kind = iota // single line, Max UTF-16 units
	Memo                 // several lines, Max UTF-16 units
	Int                  // 32 bit, within Low and High unless both are 0
	BigInt               // 64 bit
	Decimal              // decimal or money
	Bool                 // Yes/No
	Choice               // one of Options
	DateTime             // UTC, whole seconds
	DateOnly             // a day without a zone
	GUID                 // a unique identifier that is no lookup
	Lookup               // a reference to a row of one of Targets
	Image                // a picture in base64, Max characters of it
)

// Option is one value of a choice column.
type Option struct {
	Value int64
	Label string
}

// Column describes one column of a table.
type Column struct {
	Name       string
	Kind       Kind
	Max        int   // Text, Memo: longest value in UTF-16 units
	Low, High  int64 // Int: accepted range; both 0: any
	ReadOnly   bool  // ignored when written through the API
	CreateOnly bool  // ignored when written to a row that exists
	Required   bool  // a create without it is refused
	Unfiltered bool  // may not stand in $filter or $orderby
	Blob       bool  // kept in the file, read only when selected; implies Unfiltered
	Indexed    bool  // equality in $filter is answered from an index
	Mail       bool  // Text: holds a mail address
	Options    []Option
	Default    any // value of a new row: string, int64, float64 or bool

	// Lookups. Nav is the navigation property; "{target}" in it stands for the
	// name of the table pointed at. Cascade deletes the row with its target
	// (otherwise the column is emptied).
	Targets []string
	Nav     string
	Cascade bool

	ord int
}

// property is the name under which the column's value is read: the column's
// own, or _x_value for lookups.
func (c *Column) property() string {
	if c.Kind == Lookup {
		return "_" + c.Name + "_value"
	}
	return c.Name
}

func (c *Column) navigation(target string) string {
	if c.Nav == "" {
		return c.Name
	}
	return strings.ReplaceAll(c.Nav, "{target}", target)
}

func (c *Column) label(v int64) (string, bool) {
	for _, o := range c.Options {
		if o.Value == v {
			return o.Label, true
		}
	}
	return "", false
}

// Status is one statuscode and the statecode it belongs to. The first one of a
// state is that state's default.
type Status struct {
	State, Status int64
	Label         string
}

// Collection is a one-to-many navigation property: the rows of Table whose
// lookup Column points here.
type Collection struct {
	Name, Table, Column string
}

// Activity holds what only activity tables have.
type Activity struct {
	Masks []int64 // participation types that a client may write
}

// Table describes a table. Columns that every table has (createdon, modifiedon,
// createdby, modifiedby, versionnumber, owner, state) are added by define.
type Table struct {
	Name, Set, Key, NameColumn string
	Label, Plural              string // for people; "": the name
	TypeCode                   int64
	Columns                    []Column
	States                     []Option // labels of statecode; nil: the table has no state
	Statuses                   []Status
	Collections                []Collection
	Activity                   *Activity
	Address                    string // column by which a party's addressused is filled
	Owned                      bool   // rows belong to a user
	ChangeTracking             bool
	HasActivities              bool // may be the regarding of activities
	Fixed                      bool // rows are not created or deleted through the API
	Sealed                     bool // rows are not changed through the API either
	NoRetrieve                 bool // only the collection can be read
	Custom                     bool
	NamedKeyRefused            bool // set(key=guid) is not understood
	union                      []string
	hooks                      hooks

	cols    map[string]*Column // by name
	props   map[string]*Column // by property name
	navs    map[string]nav
	colls   map[string]Collection
	state   *Column
	status  *Column
	owner   *Column
	stamps  stamps
	refsTo  []*Column // lookups, for cascades
	indexes []*Column
}

// stamps are the columns that the platform fills on every write.
type stamps struct{ createdOn, createdBy, modifiedOn, modifiedBy, version, overridden, owningUser, owningUnit *Column }

// nav is a single-valued navigation property. Target is empty for owners,
// which may be of any table in the column's Targets.
type nav struct {
	col    *Column
	target string
}

// hooks are the rules of one table that its description can't express. Each may
// refuse; all run inside the transaction.
type hooks struct {
	beforeCreate func(t *tx, w *write) error
	afterCreate  func(t *tx, w *write) error
	beforeUpdate func(t *tx, w *write) error
	afterUpdate  func(t *tx, w *write) error
	beforeDelete func(t *tx, tab *Table, r *row) error
	afterDelete  func(t *tx, tab *Table, r *row) error
}

// define completes a description: common columns, ordinals, and the maps that
// requests are resolved by.
func (t *Table) define() error {
	t.addCommon()
	t.cols, t.props = map[string]*Column{}, map[string]*Column{}
	t.navs, t.colls = map[string]nav{}, map[string]Collection{}
	for i := range t.Columns {
		c := &t.Columns[i]
		c.ord = i
		if c.Blob {
			c.Unfiltered = true
		}
		if t.cols[c.Name] != nil {
			return fmt.Errorf("table %s: column %s is defined twice", t.Name, c.Name)
		}
		t.cols[c.Name], t.props[c.property()] = c, c
		if c.Kind == Lookup {
			t.refsTo = append(t.refsTo, c)
			t.addNavs(c)
		}
		if c.Indexed {
			t.indexes = append(t.indexes, c)
		}
	}
	for _, c := range t.Collections {
		t.colls[c.Name] = c
	}
	if t.cols[t.Key] == nil || t.NameColumn != "" && t.cols[t.NameColumn] == nil {
		return fmt.Errorf("table %s: key or name column is not among its columns", t.Name)
	}
	t.state, t.status, t.owner = t.cols["statecode"], t.cols["statuscode"], t.cols["ownerid"]
	t.stamps = stamps{t.cols["createdon"], t.cols["createdby"], t.cols["modifiedon"], t.cols["modifiedby"],
		t.cols["versionnumber"], t.cols["overriddencreatedon"], t.cols["owninguser"], t.cols["owningbusinessunit"]}
	return nil
}

func (t *Table) addNavs(c *Column) {
	if len(c.Targets) > 1 && !strings.Contains(c.Nav, "{target}") {
		t.navs[c.navigation("")] = nav{col: c}
		return
	}
	for _, target := range c.Targets {
		t.navs[c.navigation(target)] = nav{col: c, target: target}
	}
}

func (t *Table) addCommon() {
	add := func(cs ...Column) {
		for _, c := range cs {
			for i := range t.Columns {
				if t.Columns[i].Name == c.Name {
					c.Name = ""
					break
				}
			}
			if c.Name != "" {
				t.Columns = append(t.Columns, c)
			}
		}
	}
	key := Column{Name: t.Key, Kind: GUID, CreateOnly: true}
	add(key, Column{Name: "versionnumber", Kind: BigInt, ReadOnly: true})
	if t.union != nil || t.Name == "activityparty" {
		return
	}
	user := []string{"systemuser"}
	add(Column{Name: "createdon", Kind: DateTime, ReadOnly: true},
		Column{Name: "modifiedon", Kind: DateTime, ReadOnly: true},
		Column{Name: "createdby", Kind: Lookup, Targets: user, ReadOnly: true},
		Column{Name: "modifiedby", Kind: Lookup, Targets: user, ReadOnly: true},
		Column{Name: "overriddencreatedon", Kind: DateTime, CreateOnly: true})
	if t.Owned {
		add(Column{Name: "ownerid", Kind: Lookup, Targets: []string{"systemuser", "team"}},
			Column{Name: "owninguser", Kind: Lookup, Targets: user, ReadOnly: true},
			Column{Name: "owningbusinessunit", Kind: Lookup, Targets: []string{"businessunit"}, ReadOnly: true})
	}
	if t.States != nil {
		reasons := make([]Option, len(t.Statuses))
		for i, s := range t.Statuses {
			reasons[i] = Option{s.Status, s.Label}
		}
		add(Column{Name: "statecode", Kind: Choice, Options: t.States, Default: t.States[0].Value},
			Column{Name: "statuscode", Kind: Choice, Options: reasons, Default: t.Statuses[0].Status})
	}
}

// defaultStatus is the statuscode that a state gets when none is named.
func (t *Table) defaultStatus(state int64) (int64, bool) {
	for _, s := range t.Statuses {
		if s.State == state {
			return s.Status, true
		}
	}
	return 0, false
}

func (t *Table) stateOf(status int64) (int64, bool) {
	for _, s := range t.Statuses {
		if s.Status == status {
			return s.State, true
		}
	}
	return 0, false
}

// typeName is the table's name as OData types are named.
func (t *Table) typeName() string { return "Microsoft.Dynamics.CRM." + t.Name }

// Texts makes text columns of one length, for table descriptions.
func Texts(max int, names ...string) []Column {
	return columns(Column{Kind: Text, Max: max}, names)
}

// Plain makes columns of a kind that needs no more than its name.
func Plain(k Kind, names ...string) []Column { return columns(Column{Kind: k}, names) }

func columns(proto Column, names []string) []Column {
	out := make([]Column, len(names))
	for i, n := range names {
		out[i] = proto
		out[i].Name = n
	}
	return out
}

func readOnly(cs []Column) []Column {
	for i := range cs {
		cs[i].ReadOnly = true
	}
	return cs
}

func concat(lists ...[]Column) []Column {
	var out []Column
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// schema is all tables of an organization.
type schema struct {
	byName, bySet map[string]*Table
	names         []string // sorted
}

// newSchema defines the standard tables and the custom ones. A custom table
// with HasActivities can be the regarding of every activity.
func newSchema(custom []Table) (*schema, error) {
	tables := standardTables()
	for _, c := range custom {
		c.Custom = true
		tables = append(tables, &c)
	}
	regarding, parties := []string{}, []string{}
	for _, t := range tables {
		if t.HasActivities {
			regarding = append(regarding, t.Name)
		}
		if t.Custom && t.Address != "" {
			parties = append(parties, t.Name)
		}
	}
	s := &schema{byName: map[string]*Table{}, bySet: map[string]*Table{}}
	for _, t := range tables {
		if t.Activity != nil || t.Name == "activitypointer" {
			t.Columns = append(t.Columns, Column{Name: "regardingobjectid", Kind: Lookup, Targets: regarding,
				Nav: "regardingobjectid_{target}_" + t.Name, Indexed: true, Cascade: true})
		}
		for i := range t.Columns { // who mail can be sent to can be its sender, too
			if c := &t.Columns[i]; c.Name == "partyid" || c.Name == "emailsender" {
				c.Targets = slices.Concat(c.Targets, parties)
			}
		}
		if err := t.define(); err != nil {
			return nil, err
		}
		if s.byName[t.Name] != nil || s.bySet[t.Set] != nil {
			return nil, fmt.Errorf("table %s (%s) is defined twice", t.Name, t.Set)
		}
		s.byName[t.Name], s.bySet[t.Set] = t, t
		s.names = append(s.names, t.Name)
	}
	sort.Strings(s.names)
	return s, nil
}
