package localorg

import (
	"cmp"
	"net/http"
	"strings"
)

// metadata answers below EntityDefinitions: the tables and columns described as
// the service describes its own, as far as clients need it to adapt.
func (r *request) metadata(segs []segment) (*answer, error) {
	if r.method != http.MethodGet {
		return nil, wrongVerb(r.method)
	}
	s := r.t.o.schema
	if !segs[0].keyed {
		if len(segs) > 1 {
			return nil, noSegment(segs[1].name)
		}
		var all []any
		for _, n := range s.names {
			all = append(all, r.t.o.describeTable(s.byName[n]))
		}
		return r.describeList("EntityDefinitions", all)
	}
	tab, err := r.metadataTable(segs[0].key)
	if err != nil {
		return nil, err
	}
	if len(segs) == 1 {
		return r.describeOne("EntityDefinitions", r.t.o.describeTable(tab))
	}
	switch segs[1].name {
	case "Attributes":
		return r.attributes(tab, segs[1], segs[2:])
	case "OneToManyRelationships":
		return r.describeList("OneToManyRelationships", s.relationships(tab))
	}
	return nil, noSegment(segs[1].name)
}

func (r *request) metadataTable(key string) (*Table, error) {
	name, ok := strings.CutPrefix(key, "LogicalName=")
	name = strings.Trim(name, "'")
	tab := r.t.o.schema.byName[name]
	if !ok || tab == nil {
		return nil, refuse(http.StatusNotFound, codeObjectMissing, "Could not find an entity with specified entity name: %s", name)
	}
	return tab, nil
}

func (o *Org) describeTable(t *Table) map[string]any {
	attrs := make([]any, len(t.Columns))
	for i := range t.Columns {
		attrs[i] = o.describeColumn(t, &t.Columns[i])
	}
	plural := cmp.Or(t.Plural, t.Set)
	return map[string]any{"LogicalName": t.Name, "SchemaName": t.Name, "DisplayName": describeLabel(cmp.Or(t.Label, t.Name)), "DisplayCollectionName": describeLabel(plural), "EntitySetName": t.Set, "LogicalCollectionName": t.Set, "PrimaryIdAttribute": t.Key,
		"PrimaryNameAttribute": orNil(t.NameColumn), "ObjectTypeCode": t.TypeCode, "ChangeTrackingEnabled": t.ChangeTracking, "IsCustomEntity": t.Custom,
		"IsActivity": t.Activity != nil, "HasActivities": t.HasActivities, "IsActivityParty": t.Address != "", "IsIntersect": false, "IsManaged": !t.Custom,
		"OwnershipType": map[bool]string{true: "UserOwned", false: "OrganizationOwned"}[t.Owned], "IsOptimisticConcurrencyEnabled": true, "Attributes": attrs}
}

// describeLabel is a Label as the service gives it (progref: Label).
func describeLabel(text string) map[string]any {
	local := map[string]any{"Label": text, "LanguageCode": int64(1033), "IsManaged": true, "MetadataId": metadataID(map[string]any{"LogicalName": "label/" + text}), "HasChanged": nil}
	return map[string]any{"LocalizedLabels": []any{local}, "UserLocalizedLabel": local}
}

var attributeTypes = map[Kind]string{Text: "String", Memo: "Memo", Int: "Integer", BigInt: "BigInt", Decimal: "Decimal", Bool: "Boolean",
	Choice: "Picklist", DateTime: "DateTime", DateOnly: "DateTime", GUID: "Uniqueidentifier", Lookup: "Lookup", Image: "Image"}

func (o *Org) describeColumn(t *Table, c *Column) map[string]any {
	kind := attributeTypes[c.Kind]
	switch c {
	case t.state:
		kind = "State"
	case t.status:
		kind = "Status"
	case t.owner:
		kind = "Owner"
	}
	m := map[string]any{"@odata.type": "#Microsoft.Dynamics.CRM." + kind + "AttributeMetadata", "LogicalName": c.Name, "SchemaName": c.Name, "EntityLogicalName": t.Name,
		"AttributeType": strings.Replace(kind, "Image", "Virtual", 1), "IsValidForCreate": !c.ReadOnly && c != t.state, "IsValidForUpdate": !c.ReadOnly && !c.CreateOnly, "IsValidForRead": true,
		"IsPrimaryId": c.Name == t.Key, "IsPrimaryName": c.Name == t.NameColumn, "IsSecured": o.security.isSecured(t, c)}
	switch c.Kind {
	case Text, Memo:
		m["MaxLength"] = int64(c.Max)
		if c.Kind == Text {
			m["FormatName"] = map[string]any{"Value": map[bool]string{true: "Email", false: "Text"}[c.Mail || c.Name == t.Address]}
		}
	case Int:
		m["MinValue"], m["MaxValue"] = c.Low, c.High
	case DateTime, DateOnly:
		m["Format"] = map[bool]string{true: "DateOnly", false: "DateAndTime"}[c.Kind == DateOnly]
	case Lookup:
		targets := make([]any, len(c.Targets))
		for i, n := range c.Targets {
			targets[i] = n
		}
		m["Targets"] = targets
	}
	return m
}

// attributes answers Attributes, one of them, and both as seen by a type cast.
func (r *request) attributes(tab *Table, at segment, rest []segment) (*answer, error) {
	cast := ""
	if len(rest) > 0 {
		var ok bool
		if cast, ok = strings.CutPrefix(rest[0].name, "Microsoft.Dynamics.CRM."); !ok || len(rest) > 1 {
			return nil, noSegment(rest[0].name)
		}
	}
	fits := func(m map[string]any) bool {
		return cast == "" || strings.TrimPrefix(m["@odata.type"].(string), "#Microsoft.Dynamics.CRM.") == cast
	}
	if at.keyed {
		name, ok := strings.CutPrefix(at.key, "LogicalName=")
		c := tab.cols[strings.Trim(name, "'")]
		if !ok || c == nil {
			return nil, refuse(http.StatusNotFound, codeObjectMissing, "Could not find an attribute with specified name: %s", name)
		}
		m := r.t.o.describeColumn(tab, c)
		if !fits(m) {
			return nil, refuse(http.StatusNotFound, codeObjectMissing, "The attribute %s is not of type %s", c.Name, cast)
		}
		return r.describeOne("EntityDefinitions('"+tab.Name+"')/Attributes", m)
	}
	var all []any
	for i := range tab.Columns {
		if m := r.t.o.describeColumn(tab, &tab.Columns[i]); fits(m) {
			all = append(all, m)
		}
	}
	return r.describeList("EntityDefinitions('"+tab.Name+"')/Attributes", all)
}

// relationships lists the lookups of all tables that point at tab.
func (s *schema) relationships(tab *Table) []any {
	var out []any
	for _, name := range s.names {
		from := s.byName[name]
		for i := range from.Columns {
			c := &from.Columns[i]
			for _, target := range c.Targets {
				if target == tab.Name {
					out = append(out, map[string]any{"ReferencingEntity": from.Name, "ReferencingAttribute": c.Name, "ReferencedEntity": tab.Name, "ReferencedAttribute": tab.Key,
						"SchemaName": tab.Name + "_" + from.Name + "_" + c.Name, "ReferencingEntityNavigationPropertyName": c.navigation(target), "RelationshipType": "OneToManyRelationship"})
				}
			}
		}
	}
	return out
}

// metaQuery is what metadata can be asked: no order, no paging.
type metaQuery struct {
	names  []string
	filter *condition
	expand map[string][]string // collection to selected names; nil: all
}

func (r *request) metaQuery() (q metaQuery, err error) {
	opts, err := splitOptions(r.rawQuery)
	if err != nil {
		return q, err
	}
	for _, o := range opts {
		switch {
		case o.name == "$select":
			q.names = splitNames(o.value)
		case o.name == "$filter":
			c, err := parseFilter(o.value, mapScope{}, aliases(opts))
			if err != nil {
				return q, err
			}
			q.filter = &c
		case o.name == "$expand":
			q.expand = map[string][]string{}
			for _, item := range splitOutside(o.value, ',') {
				name, inner, _ := strings.Cut(strings.TrimSpace(item), "(")
				if name != "Attributes" {
					return q, notImplemented("$expand of " + name)
				}
				list, ok := strings.CutPrefix(strings.TrimSuffix(inner, ")"), "$select=")
				if inner != "" && !ok {
					return q, badQuery("The $expand expression '%s' is not valid.", item)
				}
				q.expand[name] = splitNames(list)
			}
		case !strings.HasPrefix(o.name, "@") && o.name != "$count":
			return q, badQuery("The query parameter %s is not supported", o.name)
		}
	}
	return q, nil
}

func splitNames(list string) []string {
	var out []string
	for n := range strings.SplitSeq(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

// project keeps what the query selects of a description.
func (q *metaQuery) project(m map[string]any) map[string]any {
	out := map[string]any{}
	if t, ok := m["@odata.type"]; ok {
		out["@odata.type"] = t
	}
	if q.names == nil {
		for k, v := range m {
			out[k] = v
		}
		delete(out, "Attributes")
	}
	for _, n := range q.names {
		if v, ok := m[n]; ok {
			out[n] = v
		}
	}
	if _, ok := m["LogicalName"]; ok {
		out["MetadataId"] = metadataID(m)
	}
	for name, sel := range q.expand {
		var list []any
		for _, item := range m[name].([]any) {
			inner := metaQuery{names: sel}
			list = append(list, inner.project(item.(map[string]any)))
		}
		out[name] = list
	}
	return out
}

func (r *request) describeOne(context string, m map[string]any) (*answer, error) {
	q, err := r.metaQuery()
	if err != nil {
		return nil, err
	}
	out := q.project(m)
	out["@odata.context"] = r.base + "$metadata#" + context + "/$entity"
	return jsonAnswer(http.StatusOK, appendValue(nil, out)), nil
}

func (r *request) describeList(context string, all []any) (*answer, error) {
	q, err := r.metaQuery()
	if err != nil {
		return nil, err
	}
	e := &env{t: r.t}
	list := []any{}
	for _, m := range all {
		if q.filter == nil || q.filter.holds(e, m) {
			list = append(list, q.project(m.(map[string]any)))
		}
	}
	return jsonAnswer(http.StatusOK, appendValue(nil, map[string]any{"@odata.context": r.base + "$metadata#" + context, "value": list})), nil
}
