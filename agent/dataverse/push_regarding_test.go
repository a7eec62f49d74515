package dataverse

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"postrider/offline"
)

func regard(etag string, to offline.Ref) offline.Write {
	return offline.Write{Change: offline.Change{Op: offline.OpSetRegarding, Record: ref(offline.KindEmail, mail), Regarding: to, ETag: etag}}
}

func TestRegardingIsSetClearedAndARepeatRecognised(t *testing.T) { // R-EMAIL-19
	d := newDesk()
	d.emails[mail] = map[string]any{"activityid": mail, "statecode": 1, "@odata.etag": `W/"old"`}
	d.refuse = func(a asked) *said { // the lookup column follows its navigation property
		if a.method == http.MethodPatch && d.emails[mail]["@odata.etag"] == a.header.Get("If-Match") {
			v := a.json(t)
			for _, nav := range []string{"account", "contact"} {
				key := "regardingobjectid_" + nav + "_email@odata.bind"
				bind, there := v[key]
				if !there {
					continue
				}
				row := maps.Clone(d.emails[mail])
				row["_regardingobjectid_value"] = nil
				if bind != nil {
					row["_regardingobjectid_value"] = guids.FindString(bind.(string))
					row["_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] = nav
					row["_regardingobjectid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] = "regardingobjectid_" + nav + "_email"
				}
				d.emails[mail] = row
			}
		}
		return nil
	}
	c := d.start(t)
	account := ref(offline.KindAccount, acct)
	out := push(t, c, regard(`W/"old"`, account))
	if out[0].Err != nil || out[0].ETag == "" || out[0].ETag != d.emails[mail]["@odata.etag"] || d.emails[mail]["_regardingobjectid_value"] != acct {
		t.Fatalf("%+v %v", out[0], d.emails[mail])
	}
	etag := out[0].ETag
	if out = push(t, c, regard(`W/"old"`, account)); out[0].Err != nil || !out[0].Existed || out[0].ETag != etag {
		t.Errorf("repeat: %+v", out[0])
	}
	if out = push(t, c, regard(`W/"old"`, ref(offline.KindContact, cont))); offline.ClassOf(out[0].Err) != offline.FaultStale || out[0].ETag != etag {
		t.Errorf("stale: %+v", out[0])
	}
	if out = push(t, c, regard(etag, offline.Ref{})); out[0].Err != nil || d.emails[mail]["_regardingobjectid_value"] != nil {
		t.Errorf("clear: %+v %v", out[0], d.emails[mail])
	}
	if out = push(t, c, regard(etag, offline.Ref{})); out[0].Err != nil {
		t.Errorf("clear again: %+v", out[0])
	}
}

func TestWhatIsMissingForARegardingIsNamed(t *testing.T) {
	for _, emailThere := range []bool{true, false} {
		d := newDesk()
		if emailThere {
			d.emails[mail] = map[string]any{"activityid": mail, "@odata.etag": `W/"1"`}
		}
		d.refuse = func(a asked) *said {
			if strings.Contains(a.path+string(a.body), acct) && (emailThere || a.method == http.MethodGet && !strings.HasPrefix(a.path, "accounts")) {
				f := fails(404, codeGone, "account With Id = "+acct+" Does Not Exist")
				return &f
			}
			return nil
		}
		out := push(t, d.start(t), regard("", ref(offline.KindAccount, acct)))
		text := map[bool]string{true: "account", false: "email record is no longer"}[emailThere]
		if offline.ClassOf(out[0].Err) != offline.FaultNotFound || !strings.Contains(out[0].Err.Error(), text) {
			t.Errorf("email there %v: %v", emailThere, out[0].Err)
		}
	}
}

func TestDeletingIsConditionalAndWhatIsGoneCountsAsDeleted(t *testing.T) {
	d := newDesk()
	d.emails[mail] = map[string]any{"activityid": mail, "@odata.etag": `W/"2"`}
	c := d.start(t)
	del := func(etag string) offline.Outcome {
		return push(t, c, offline.Write{Change: offline.Change{Op: offline.OpDelete, Record: ref(offline.KindEmail, mail), ETag: etag}})[0]
	}
	if o := del(`W/"1"`); offline.ClassOf(o.Err) != offline.FaultStale || o.ETag != `W/"2"` {
		t.Errorf("stale: %+v", o)
	}
	for range 2 {
		if o := del(`W/"2"`); o.Err != nil || len(d.emails) != 0 {
			t.Errorf("%+v", o)
		}
	}
}

func TestAWriteThatDataverseCannotDoIsRejectedWithoutARequest(t *testing.T) {
	c := newDesk().start(t)
	bad := creation(1)
	bad.Email.Ref.ID = "not-a-guid) or (1 eq 1"
	out := push(t, c, bad, regard("", ref(offline.KindUser, self)), offline.Write{Change: offline.Change{Op: "dance"}})
	for i, o := range out {
		if offline.ClassOf(o.Err) != offline.FaultRejected {
			t.Errorf("%d: %v", i, o.Err)
		}
	}
	if all, _ := c.Requests(); all != 0 {
		t.Errorf("%d requests", all)
	}
}
