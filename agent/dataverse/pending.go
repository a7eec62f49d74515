package dataverse

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postrider/offline"
)

const (
	// pendingAtATime bounds what one call takes over: each may bring attachments.
	pendingAtATime = 20
	// sendingTakes is how long an email may be Sending before it is in doubt.
	sendingTakes = 15 * time.Minute
)

var pendingColumns = []string{"activityid", "subject", "description", "statuscode", "trackingtoken", "sender", "modifiedon", "_regardingobjectid_value"}

// Pending takes over the emails that the user sent in the CRM and that wait for
// a client to carry them (R-EMAIL-26): they are Sending when it returns. It
// gives nothing where the user's outgoing mail is not a client's to send
// (R-EMAIL-27: they stay at Pending Send).
//
// The platform has an action for this, BackgroundSendEmail, of which nothing
// tells whether two clients can be given one email, and whose lost answer
// leaves emails that nobody knows of. So each is read first and then taken over
// on condition that it is still what was read: two computers can't both get it.
// The action serves where a server does not allow that.
func (c *Client) Pending(ctx context.Context) ([]offline.PendingEmail, error) {
	const what = "look for emails to send"
	me, err := c.self(ctx)
	if err != nil {
		return nil, err
	}
	var out offline.Method
	if c.under(func() { out = c.opts.Methods.Outgoing }); out != offline.MethodClient {
		return nil, nil
	}
	q := &question{logical: "email", path: "emails", columns: pendingColumns[3:], params: func() []param {
		return []param{{"$filter", fmt.Sprintf("(statuscode eq %d or statuscode eq %d) and _ownerid_value eq %s", statusPending, statusSending, me.ID)},
			{"$orderby", "createdon asc"}, {"$top", "200"}}
	}}
	if err := c.ask(ctx, what, q); err != nil {
		return nil, err
	}
	if q.err != nil {
		return nil, q.err
	}
	var pg page
	if err := decode(what, q.body, &pg); err != nil {
		return nil, err
	}
	var found []offline.PendingEmail
	var wait []string
	for _, r := range pg.Rows {
		id := strings.ToLower(r.text("activityid"))
		switch since := r.when("modifiedon"); {
		case r.number("statuscode") == statusPending && len(wait) < pendingAtATime:
			wait = append(wait, id)
		case r.number("statuscode") == statusSending && c.cfg.Now().Sub(since) > sendingTakes:
			found = append(found, offline.PendingEmail{Ref: offline.Ref{Kind: offline.KindEmail, ID: id}, ETag: r.text("@odata.etag"), Doubt: true,
				Problem: "it was taken over for sending at " + since.Local().Format("2006-01-02 15:04") + ", and whether it was sent is not known; look in Sent before sending it again"})
		}
	}
	emails, err := c.readPending(ctx, what, wait)
	if err != nil {
		return nil, err
	}
	taken, err := c.takeOver(ctx, what, emails)
	return append(taken, found...), err
}

// readPending reads emails whole, with parties and attachments.
func (c *Client) readPending(ctx context.Context, what string, ids []string) ([]offline.PendingEmail, error) {
	columns := c.without("email", pendingColumns)
	files := c.without("activitymimeattachment", []string{"filename", "mimetype", "attachmentcontentid", "body"})
	var parts []part
	for _, id := range ids {
		parts = append(parts,
			get(query("emails("+id+")", param{"$select", strings.Join(columns, ",")},
				param{"$expand", "email_activity_parties($select=participationtypemask,addressused,_partyid_value)"}), [2]string{"Prefer", annotations}),
			get(query("activitymimeattachments", param{"$select", strings.Join(files, ",")}, param{"$filter", "_objectid_value eq " + id},
				param{"$orderby", "attachmentnumber asc"})))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	got, err := c.batch(ctx, what, parts)
	if err != nil {
		return nil, err
	}
	var out []offline.PendingEmail
	for i := range ids {
		mail, list := got[2*i][0], got[2*i+1][0]
		if mail.status == http.StatusNotFound {
			continue // deleted meanwhile
		}
		if !mail.ok() || !list.ok() {
			bad := mail
			if mail.ok() {
				bad = list
			}
			f := c.fault(what, bad)
			if col := unknownColumn(f); col != "" && (c.forgo("email", col) || c.forgo("activitymimeattachment", col)) {
				return c.readPending(ctx, what, ids)
			}
			return nil, f
		}
		var r row
		var pg page
		if err := decode(what, mail.body, &r); err != nil {
			return nil, err
		}
		if err := decode(what, list.body, &pg); err != nil {
			return nil, err
		}
		if r.number("statuscode") == statusPending {
			out = append(out, pendingEmail(r, pg.Rows))
		}
	}
	return out, nil
}

// pendingEmail translates a row with its parties and attachments, and says why
// it can't be sent as it is.
func pendingEmail(r row, files []row) offline.PendingEmail {
	p := offline.PendingEmail{
		Ref: offline.Ref{Kind: offline.KindEmail, ID: strings.ToLower(r.text("activityid"))}, ETag: r.text("@odata.etag"),
		Subject: r.text("subject"), HTML: r.text("description"), Token: r.text("trackingtoken"), Regarding: r.ref("regardingobjectid", ""),
	}
	problem := func(format string, args ...any) {
		if p.Problem == "" {
			p.Problem = fmt.Sprintf(format, args...)
		}
	}
	parties, _ := r["email_activity_parties"].([]any)
	for _, one := range parties {
		v, _ := one.(map[string]any)
		party := row(v)
		a := offline.Address{Name: strings.TrimSpace(party.text(lookup("partyid") + formattedValue)), Addr: strings.TrimSpace(party.text("addressused"))}
		if a.Name == a.Addr {
			a.Name = ""
		}
		var to *[]offline.Address
		switch party.number("participationtypemask") {
		case 1:
			p.From = a
			continue
		case 2:
			to = &p.To
		case 3:
			to = &p.Cc
		case 4:
			to = &p.Bcc
		default:
			continue
		}
		if a.Addr == "" {
			problem("%s has no mail address in the CRM; add one there and send the email again", orUnknown(a.Name))
			continue
		}
		*to = append(*to, a)
	}
	if p.From.Addr == "" {
		p.From.Addr = strings.TrimSpace(r.text("sender"))
	}
	switch {
	case p.From.Addr == "":
		problem("it has no sender with a mail address")
	case len(p.To)+len(p.Cc)+len(p.Bcc) == 0:
		problem("it has no recipient")
	}
	for _, f := range files {
		data, err := base64.StdEncoding.DecodeString(f.text("body"))
		if err != nil {
			problem("the attachment %s can't be read", fileName(f.text("filename")))
			continue
		}
		p.Attachments = append(p.Attachments, offline.Attachment{Name: fileName(f.text("filename")), Type: f.text("mimetype"), ContentID: f.text("attachmentcontentid"), Data: data})
	}
	return p
}

func orUnknown(name string) string {
	if name == "" {
		return "a recipient"
	}
	return name
}

// takeOver makes the emails Sending, each on condition that it is what was
// read, and returns those that are ours to send now.
func (c *Client) takeOver(ctx context.Context, what string, emails []offline.PendingEmail) ([]offline.PendingEmail, error) {
	var parts []part
	for _, e := range emails {
		to, header := c.echo(path(e.Ref))
		parts = append(parts, part{ops: []op{{method: http.MethodPatch, path: to, header: append(header, [2]string{"If-Match", e.ETag}), body: marshal(state(1, statusSending))}}})
	}
	if len(parts) == 0 {
		return nil, nil
	}
	got, err := c.batch(ctx, what, parts)
	var out []offline.PendingEmail
	var failed error
	for i, g := range got {
		e := emails[i]
		if g[0].ok() {
			e.ETag = etagOf(g[0])
			out = append(out, e)
			continue
		}
		switch f := c.fault(what, g[0]); f.Class {
		case offline.FaultStale, offline.FaultExists, offline.FaultNotFound: // another computer was quicker, or the user called it back
		case offline.FaultRejected, offline.FaultDenied, offline.FaultProtocol:
			tag, ok, err := c.background(ctx, what, e.Ref)
			if err != nil && failed == nil {
				failed = err
			}
			if e.ETag = tag; ok {
				out = append(out, e)
			}
		default:
			if failed == nil {
				failed = f
			}
		}
	}
	if err == nil {
		err = failed
	}
	if len(out) > 0 { // those are ours now; what failed is tried again with the next call
		return out, nil
	}
	return nil, err
}

// background takes one email over by the action of the platform.
func (c *Client) background(ctx context.Context, what string, e offline.Ref) (etag string, ok bool, err error) {
	fetch := `<fetch><entity name="email"><attribute name="activityid"/><attribute name="statuscode"/><filter>` +
		`<condition attribute="activityid" operator="eq" value="` + e.ID + `"/><condition attribute="statuscode" operator="eq" value="` + strconv.Itoa(statusPending) + `"/></filter></entity></fetch>`
	r, err := c.act(ctx, what, "BackgroundSendEmail", map[string]any{"Query": map[string]any{"@odata.type": "Microsoft.Dynamics.CRM.FetchExpression", "Query": fetch}})
	if err != nil {
		return "", false, err
	}
	list, _ := r["EntityCollection"].([]any)
	for _, one := range list {
		v, _ := one.(map[string]any)
		if row := row(v); strings.EqualFold(row.text("activityid"), e.ID) {
			return row.text("@odata.etag"), true, nil
		}
	}
	return "", false, nil
}
