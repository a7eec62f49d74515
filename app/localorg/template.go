package localorg

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
)

// templateTable holds email templates, of the organization and of persons
// (R-EMAIL-32). templatetypecode is the table that the data fields are of, as
// the Web API gives it: by name. A global template is one of users.
func templateTable() *Table {
	return &Table{Name: "template", Set: "templates", Key: "templateid", NameColumn: "title", TypeCode: 2010, Owned: true, hooks: templateRules(),
		Columns: concat([]Column{{Name: "title", Kind: Text, Max: 200, Required: true}, {Name: "description", Kind: Memo, Max: 2000},
			{Name: "templatetypecode", Kind: Text, Max: 64, CreateOnly: true, Required: true},
			{Name: "ispersonal", Kind: Bool, Options: yesNo, Default: true},
			{Name: "languagecode", Kind: Int, Default: int64(1033), Low: 0, High: 1<<31 - 1},
			{Name: "generationtypecode", Kind: Int}, {Name: "isrecommended", Kind: Bool, Options: yesNo, Default: false, ReadOnly: true}},
			Texts(256, "mimetype"),
			columns(Column{Kind: Memo, Max: 1 << 20}, []string{"subject", "subjectpresentationxml", "presentationxml"}),
			[]Column{{Name: "body", Kind: Memo, Max: 1 << 20, Blob: true}})}
}

func templateRules() hooks {
	check := func(t *tx, w *write) error {
		if tab := t.o.schema.byName[w.text("templatetypecode")]; tab == nil {
			return badValue("'%s' is not an entity for which there can be templates.", w.text("templatetypecode"))
		}
		texts := []string{w.text("subject")}
		for _, body := range w.blobs {
			texts = append(texts, body)
		}
		for _, s := range texts {
			if _, err := fillSheet(s, func(string) string { return "" }, false); err != nil {
				return badValue("The template is not a valid style sheet: %v", err)
			}
		}
		return nil
	}
	return hooks{beforeCreate: check, beforeUpdate: check}
}

// field in the source of a template: {!contact:fullname;dear customer}.
var field = regexp.MustCompile(`\{!(\w+):(\w+)(?:;([^}]*))?\}`)

// TemplateSheet makes the style sheet by which the service keeps subject and
// body of a template of text with data fields in it, written as its editor
// shows them: {!contact:fullname;dear customer}.
func TemplateSheet(text string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" ?><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:output method="text" indent="no"/><xsl:template match="/data">`)
	plain := func(s string) {
		if s != "" {
			b.WriteString("<![CDATA[" + strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>") + "]]>")
		}
	}
	at := 0
	for _, m := range field.FindAllStringSubmatchIndex(text, -1) {
		plain(text[at:m[0]])
		path, other := text[m[2]:m[3]]+"/"+text[m[4]:m[5]], ""
		if m[6] >= 0 {
			other = html.EscapeString(text[m[6]:m[7]])
		}
		b.WriteString(`<xsl:choose><xsl:when test="` + path + `"><xsl:value-of select="` + path + `" /></xsl:when><xsl:otherwise>` + other + `</xsl:otherwise></xsl:choose>`)
		at = m[1]
	}
	plain(text[at:])
	b.WriteString(`</xsl:template></xsl:stylesheet>`)
	return b.String()
}

// sheet carries out as much of XSLT as templates are made of: text, and data
// fields with what stands in their place where they are empty.
type sheet struct {
	value  func(path string) string
	asHTML bool // values, and texts in the place of empty ones, are escaped
	out    strings.Builder

	inside    bool   // of xsl:template
	otherwise bool   // in an xsl:otherwise that counts
	taken     []bool // of the open xsl:choose: whether a branch was taken
	skip      int    // depth of what is passed over
}

// fillSheet fills a template's style sheet with values.
func fillSheet(text string, value func(path string) string, asHTML bool) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	s := &sheet{value: value, asHTML: asHTML}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return s.out.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch e := tok.(type) {
		case xml.StartElement:
			err = s.start(e)
		case xml.EndElement:
			s.end(e.Name.Local)
		case xml.CharData:
			if s.inside && s.skip == 0 {
				s.add(string(e), s.otherwise)
			}
		}
		if err != nil {
			return "", err
		}
	}
}

func (s *sheet) add(text string, foreign bool) {
	if s.asHTML && foreign {
		text = html.EscapeString(text)
	}
	s.out.WriteString(text)
}

func (s *sheet) start(e xml.StartElement) error {
	last := len(s.taken) - 1
	switch name := e.Name.Local; {
	case s.skip > 0:
		s.skip++
	case name == "template":
		s.inside = true
	case name == "choose":
		s.taken = append(s.taken, false)
	case name == "when" && last >= 0:
		if s.taken[last] || s.value(attribute(e, "test")) == "" {
			s.skip = 1
		} else {
			s.taken[last] = true
		}
	case name == "otherwise" && last >= 0:
		if s.taken[last] {
			s.skip = 1
		} else {
			s.otherwise = true
		}
	case name == "value-of":
		s.add(s.value(attribute(e, "select")), true)
	case name != "stylesheet" && name != "output":
		return errors.New("the element " + name + " is not known")
	}
	return nil
}

func (s *sheet) end(name string) {
	switch {
	case s.skip > 0:
		s.skip--
	case name == "template":
		s.inside = false
	case name == "choose":
		s.taken = s.taken[:len(s.taken)-1]
	case name == "otherwise":
		s.otherwise = false
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// instantiateTemplate fills a template with the data of a record and answers
// with an email that is not stored.
func instantiateTemplate(r *request, args map[string]any) (map[string]any, error) {
	t := r.t
	templates, id := t.table("template").def, strings.ToLower(args["TemplateId"].(string))
	if err := t.allowed(templates, Read, nil); err != nil {
		return nil, err
	}
	tpl := t.row("template", id)
	if tpl == nil {
		return nil, missing("template", id)
	}
	if err := t.allowed(templates, Read, tpl); err != nil {
		return nil, err
	}
	kind, object := args["ObjectType"].(string), strings.ToLower(args["ObjectId"].(string))
	tab := t.o.schema.byName[kind]
	if tab == nil {
		return nil, badValue("The entity with a name = '%s' was not found in the MetadataCache.", kind)
	}
	row := t.row(kind, object)
	if row == nil {
		return nil, missing(kind, object)
	}
	if err := t.allowed(tab, Read, row); err != nil {
		return nil, err
	}
	if want := tpl.text(templates.cols["templatetypecode"]); want != kind && want != "systemuser" {
		return nil, badValue("The template type '%s' is not valid for the object type '%s'.", want, kind)
	}
	value := t.dataFields(tab, row)
	subject, err := fillSheet(tpl.text(templates.cols["subject"]), value, false)
	if err != nil {
		return nil, err
	}
	sheet, err := t.blob(blobKey{"template", id, "body"})
	if err != nil {
		return nil, err
	}
	body, err := fillSheet(sheet, value, true)
	if err != nil {
		return nil, err
	}
	email := map[string]any{"@odata.type": "#Microsoft.Dynamics.CRM.email", "subject": cut(strings.TrimSpace(subject), 800), "description": body}
	if t.o.schema.byName["email"].navs["regardingobjectid_"+kind+"_email"].col != nil {
		email["_regardingobjectid_value"] = object
	}
	return map[string]any{"@odata.context": r.base + "$metadata#emails", "value": []any{email}}, nil
}

// dataFields reads the fields of a record, and of the user who fills the
// template, as a person would.
func (t *tx) dataFields(tab *Table, of *row) func(path string) string {
	w := t.renderer("", nil)
	return func(path string) string {
		table, name, _ := strings.Cut(path, "/")
		from, row := tab, of
		if table == "systemuser" && tab.Name != "systemuser" {
			from, row = t.o.schema.byName["systemuser"], t.row("systemuser", t.user)
		} else if table != tab.Name {
			return ""
		}
		c := from.cols[name]
		v := row.get(c)
		if v == nil {
			return ""
		}
		if s, ok := w.formatted(c, v); ok {
			return s
		}
		s, _ := v.(string)
		return s
	}
}

// seedTemplates are those of a new organization.
var seedTemplates = []func() map[string]any{
	seedTemplate("systemuser", "Thank you", "Thank you", "<p>Thank you for your message. I will get back to you soon.</p><p>{!systemuser:fullname}</p>"),
	seedTemplate("contact", "Get in touch again", "It has been a while, {!contact:firstname;hello}",
		"<p>Dear {!contact:fullname;customer},</p><p>it has been a while since we spoke. May I call you at {!contact:telephone1;your office}?</p><p>{!systemuser:fullname}</p>"),
	seedTemplate("lead", "Answer to an enquiry", "Your enquiry about {!lead:subject;our products}",
		"<p>Dear {!lead:fullname;customer},</p><p>thank you for your interest. Here is what {!lead:companyname;your company} may want to know.</p><p>{!systemuser:fullname}</p>"),
	seedTemplate("opportunity", "Offer", "Our offer: {!opportunity:name}",
		"<p>Dear {!opportunity:customerid;customer},</p><p>please find our offer attached. The total is {!opportunity:estimatedvalue;as discussed}.</p><p>{!systemuser:fullname}</p>"),
	seedTemplate("incident", "Case received", "{!incident:title} [{!incident:ticketnumber}]",
		"<p>Dear {!incident:customerid;customer},</p><p>we have received your case {!incident:ticketnumber} and are looking into it.</p><p>{!systemuser:fullname}</p>"),
}

func seedTemplate(kind, title, subject, body string) func() map[string]any {
	return func() map[string]any {
		return map[string]any{"title": title, "templatetypecode": kind, "ispersonal": false, "subject": TemplateSheet(subject), "body": TemplateSheet(body)}
	}
}
