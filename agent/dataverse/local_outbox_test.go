package dataverse_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"postrider/app/localorg"
	"postrider/offline"
)

// send makes an email as the user, by the CRM's own client, would.
func (l *local) send(p offline.PendingEmail) offline.Ref {
	l.t.Helper()
	parties := []any{}
	add := func(mask int, as ...offline.Address) {
		for _, a := range as {
			v := map[string]any{"participationtypemask": mask}
			if r := l.named(a.Name); !r.IsZero() {
				v["partyid_"+tables[r.Kind].table+"@odata.bind"] = l.bind(r)
			}
			if a.Addr != "" {
				v["addressused"] = a.Addr
			}
			parties = append(parties, v)
		}
	}
	add(1, p.From)
	add(2, p.To...)
	add(3, p.Cc...)
	add(4, p.Bcc...)
	id, err := l.org.Create("email", map[string]any{"subject": p.Subject, "description": p.HTML, "trackingtoken": nilIfEmpty(p.Token), "email_activity_parties": parties,
		"ownerid@odata.bind": l.bind(offline.Ref{Kind: offline.KindUser, ID: l.me}),
		"regardingobjectid_" + tables[p.Regarding.Kind].table + "_email@odata.bind": l.bind(p.Regarding)})
	if err != nil {
		l.t.Fatal(err)
	}
	for i, a := range p.Attachments {
		if _, err := l.org.Create("activitymimeattachment", map[string]any{"objectid_email@odata.bind": "/emails(" + id + ")", "attachmentnumber": i, "filename": a.Name, "mimetype": a.Type,
			"attachmentcontentid": nilIfEmpty(a.ContentID), "body": base64.StdEncoding.EncodeToString(a.Data)}); err != nil {
			l.t.Fatal(err)
		}
	}
	l.update("email", id, map[string]any{"statecode": 1, "statuscode": 6})
	return offline.Ref{Kind: offline.KindEmail, ID: id}
}

// named is the record of that name.
func (l *local) named(name string) offline.Ref {
	for kind, tab := range tables {
		for _, row := range l.org.Rows(tab.table, nil) {
			for _, col := range []string{"fullname", "name"} {
				if row[col] == name && name != "" {
					return offline.Ref{Kind: kind, ID: row[tab.table+"id"].(string)}
				}
			}
		}
	}
	return offline.Ref{}
}

func (l *local) status(r offline.Ref) string {
	names := map[int64]string{1: "draft", 3: "sent", 4: "received", 6: "pending", 7: "sending", 8: "failed"}
	n, _ := l.org.Row("email", r.ID)["statuscode"].(int64)
	return names[n]
}

var nameField = regexp.MustCompile(`\{name\|([^}]*)\}`)

func (l *local) template(t offline.Template, subject, html string, mine bool) string {
	l.t.Helper()
	owner, table, column := l.colleague, "systemuser", "fullname"
	if mine {
		owner = l.me
	}
	if t.Kind != "" {
		table = tables[t.Kind].table
		column = map[string]string{"contact": "fullname", "lead": "fullname", "incident": "title"}[table]
	}
	text := func(s string) string {
		return localorg.TemplateSheet(nameField.ReplaceAllString(s, "{!"+table+":"+column+";$1}"))
	}
	id, err := l.org.Create("template", map[string]any{"title": t.Title, "templatetypecode": table, "ispersonal": t.Personal, "subject": text(subject), "body": text(html),
		"ownerid@odata.bind": l.bind(offline.Ref{Kind: offline.KindUser, ID: owner})})
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.ToLower(id)
}

// colleagueDo sends one request as the colleague, who may do everything.
func (l *local) colleagueDo(method, path string) {
	l.t.Helper()
	colleague := http.Client{Transport: l.org.Transport(l.colleague)}
	req, err := http.NewRequest(method, "http://localhost/api/data/v9.1"+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	resp, err := colleague.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusNoContent {
		l.t.Fatal(fmt.Errorf("%s %s: %s", method, path, resp.Status))
	}
}
