package demo

import (
	"context"
	"net/http"
	"testing"

	"postrider/agent/dataverse"
	"postrider/offline"
)

// The program's own CRM client must find in the organization what was told.
func TestTheProgramFindsPeopleRecordsAndTrackedMail(t *testing.T) {
	w := begin(t, Options{})
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, err := dataverse.New(dataverse.Config{URL: w.Describe().CRM.URL, Transport: transport,
		Token: func(context.Context, string) (string, error) { return w.Describe().CRM.Token, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := t.Context()
	me, err := c.Me(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if me.Address != w.Address() || me.Options.Filter != "replies" || len(me.Options.TokenPrefixes) != 1 || me.Options.TokenPrefixes[0] != "CRM:" || me.Options.TokenDigits != 7 {
		t.Errorf("%+v", me)
	}
	count := map[offline.Kind]int{}
	byName := map[string]offline.Record{}
	var cursors []offline.CRMCursor
	for _, k := range []offline.Kind{offline.KindAccount, offline.KindContact, offline.KindLead, offline.KindOpportunity, offline.KindCase, offline.KindUser, offline.KindQueue, offline.KindEmail} {
		cursors = append(cursors, offline.CRMCursor{Kind: k})
	}
	if err := c.Pull(ctx, cursors, func(d offline.RecordDelta) error {
		count[d.Kind] += len(d.Changed)
		for _, r := range d.Changed {
			byName[r.Name] = r
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for k, n := range map[offline.Kind]int{offline.KindAccount: 12, offline.KindContact: 39, offline.KindLead: 8, offline.KindOpportunity: 12, offline.KindCase: 6, offline.KindUser: 4, offline.KindQueue: 2, offline.KindEmail: 37} {
		if count[k] != n {
			t.Errorf("%d of kind %s, not %d", count[k], k, n)
		}
	}
	moravia := byName["Moravia Nástroje s.r.o."]
	if r := byName["Two K3 lathes for the Brno plant"]; r.Parent != moravia.Ref || !r.Active || r.Owner.ID != me.ID {
		t.Errorf("opportunity: %+v", r)
	}
	if r := byName["Jiří Dvořák"]; r.Parent != moravia.Ref || len(r.Addrs) != 1 || r.Addrs[0] != "jiri.dvorak@moravia-nastroje.example" {
		t.Errorf("contact: %+v", r)
	}
	// What the mailbox holds of the tracked mail is found by its Message-ID, what
	// lost its headers by its token (R-TOKEN-01).
	found := 0
	for _, folder := range w.mail.Folders() {
		var ids []string
		for _, m := range w.mail.Messages(folder) {
			e, err := open(m.Raw)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, e.Header.Get("Message-Id"))
		}
		got, err := c.EmailsByIdentity(ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if r.Email == nil || !r.Email.Closed || r.Email.Regarding.IsZero() {
				t.Errorf("email: %+v", r)
			}
		}
		found += len(got)
	}
	if found != 27 {
		t.Errorf("%d messages of the mailbox are tracked", found)
	}
	got, err := c.EmailsByToken(ctx, []string{"CRM:0001011", "CRM:0003017"})
	if err != nil || len(got) != 2 {
		t.Errorf("by token: %v, %v", got, err)
	}
}
