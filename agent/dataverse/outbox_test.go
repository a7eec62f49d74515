package dataverse

import (
	"fmt"
	"strings"
	"testing"

	"postrider/offline"
)

// sender is a scripted organization with one email of the user's to send.
type sender struct {
	status  int
	refuse  func(a asked) bool
	version int
}

func (s *sender) op(a asked) said {
	if s.refuse != nil && s.refuse(a) {
		return fails(400, "0x80040504", "The record is read-only.")
	}
	path, _, _ := strings.Cut(a.path, "?")
	row := fmt.Sprintf(`{"@odata.etag":"W/\"%d\"","activityid":"%s","statuscode":%d,"statecode":1,"subject":"S","email_activity_parties":[
		{"participationtypemask":1,"addressused":"me@example.com"},{"participationtypemask":2,"addressused":"ann@example.com"}]}`, s.version, mail, s.status)
	switch {
	case path == "WhoAmI":
		return ok(`{"UserId":"` + self + `","OrganizationId":"` + acct + `"}`)
	case path == "mailboxes":
		return ok(`{"value":[{"mailboxid":"` + acct + `","outgoingemaildeliverymethod":1}]}`)
	case path == "emails":
		return ok(`{"value":[` + row + `]}`)
	case path == "activitymimeattachments":
		return ok(`{"value":[]}`)
	case path == "BackgroundSendEmail":
		s.status, s.version = 7, s.version+1
		return ok(`{"HasAttachments":[false],"EntityCollection":[{"@odata.etag":"W/\"9\"","activityid":"` + strings.ToUpper(mail) + `"}]}`)
	case strings.HasSuffix(path, "/Microsoft.Dynamics.CRM.SendEmail"):
		s.status = 3
		return ok(`{"Subject":"S"}`)
	case a.method == "PATCH":
		s.version++
		for status := range 9 {
			if strings.Contains(string(a.body), fmt.Sprintf(`"statuscode":%d`, status)) {
				s.status = status
			}
		}
		return ok(row)
	case path == "emails("+mail+")":
		return ok(row)
	}
	return ok(`{"value":[]}`)
}

func TestWhereAnEmailCannotBeTakenOverByWritingTheActionForItServes(t *testing.T) {
	org := &sender{status: 6, refuse: func(a asked) bool { return a.method == "PATCH" }}
	got, err := (&scripted{op: org.op}).start(t).Pending(t.Context())
	if err != nil || len(got) != 1 || got[0].Ref.ID != mail || got[0].ETag != `W/"9"` || org.status != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnEmailIsMarkedAsSentByWhicheverWayTheServerAllows(t *testing.T) {
	direct := func(a asked) bool {
		return a.method == "PATCH" && strings.Contains(string(a.body), "messageid") && a.set == 0
	}
	draft := func(a asked) bool { return a.method == "PATCH" && a.set > 0 }
	action := func(a asked) bool { return strings.Contains(a.path, "SendEmail") }
	for _, c := range []struct {
		name  string
		no    []func(asked) bool
		notes int
	}{
		{"all at once", nil, 0},
		{"as a draft", []func(asked) bool{direct}, 0},
		{"by SendEmail", []func(asked) bool{direct, draft}, 1},
		{"the state alone", []func(asked) bool{direct, draft, action}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := &sender{status: 7, refuse: func(a asked) bool {
				for _, no := range c.no {
					if no(a) {
						return true
					}
				}
				return false
			}}
			ch := offline.Change{Op: offline.OpMarkSent, Record: offline.Ref{Kind: offline.KindEmail, ID: mail}, ETag: `W/"0"`, Fields: offline.Fields{"identity": "<a@b>", "token": "CRM:0001001"}}
			out, err := (&scripted{op: org.op}).start(t).Push(t.Context(), []offline.Write{{Change: ch}})
			if err != nil || out[0].Err != nil || org.status != 3 || len(out[0].Notes) != c.notes {
				t.Errorf("%+v, %v, status %d", out, err, org.status)
			}
		})
	}
	t.Run("not at all", func(t *testing.T) {
		org := &sender{status: 7, refuse: func(a asked) bool { return a.method != "GET" }}
		ch := offline.Change{Op: offline.OpMarkSent, Record: offline.Ref{Kind: offline.KindEmail, ID: mail}}
		out, err := (&scripted{op: org.op}).start(t).Push(t.Context(), []offline.Write{{Change: ch}})
		if err != nil || offline.ClassOf(out[0].Err) != offline.FaultRejected {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// R-TOKEN-04.
func TestAnOldServerLacksColumnsAndMeStillTellsTheRest(t *testing.T) {
	lacking := []string{"resolvesimilarunresolvedemailaddress", "maxfolderbasedtrackingmappings", "isfolderbasedtrackingenabled", "allowunresolvedpartiesonemailsend", "hashfilterkeywords", "enablesmartmatching"}
	s := &scripted{op: func(a asked) said {
		path, _, _ := strings.Cut(a.path, "?")
		for _, col := range lacking {
			if strings.Contains(a.path, col) {
				return fails(400, "0x80060888", "Could not find a property named '"+col+"' on type 'Microsoft.Dynamics.CRM.organization'.")
			}
		}
		switch path {
		case "WhoAmI":
			return ok(`{"UserId":"` + self + `","OrganizationId":"` + acct + `"}`)
		case "organizations":
			return ok(`{"value":[{"trackingprefix":"CRM:","maxuploadfilesize":1000,"hashmaxcount":5}]}`)
		case "systemusers":
			return ok(`{"value":[{"systemuserid":"` + self + `","fullname":"Me","incomingemaildeliverymethod":2,"outgoingemaildeliverymethod":1}]}`)
		case "usersettingscollection":
			return ok(`{"value":[{"systemuserid":"` + self + `","incomingemailfilteringmethod":0,"autocreatecontactonpromote":7}]}`)
		case "mailboxes":
			return fails(404, "0x8006088a", "Resource not found for the segment 'mailboxes'.")
		}
		return fails(404, "0x8006088a", "Resource not found for the segment.")
	}}
	c := s.start(t)
	u, err := c.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := u.Options
	if o.MaxAttachment != 1000 || o.SmartMaxWords != 5 || o.ResolveOneByOne || o.NoFolders || o.Filter != "all" || o.AutoCreate != "" || o.Smart {
		t.Errorf("%+v", o)
	}
	// R-METHOD-01 before there were mailbox records: columns of the user.
	if m := o.Methods; m.Mailbox != "" || m.Incoming != offline.MethodServer || m.Outgoing != offline.MethodClient || m.ACT != "" || m.MayChange {
		t.Errorf("%+v", m)
	}
	out, err := c.Push(t.Context(), []offline.Write{{Change: offline.Change{Op: offline.OpSetMethods, Fields: offline.Fields{"incoming": "client"}}}})
	if err != nil || out[0].Err == nil {
		t.Errorf("%+v, %v", out, err)
	}
	if last := s.log()[len(s.log())-1]; last.method != "PATCH" || last.path != "systemusers("+self+")" || last.header.Get("If-Match") != "*" {
		t.Errorf("%+v", last)
	}
}
