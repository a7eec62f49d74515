package dataverse

import (
	"testing"

	"postrider/offline"
)

// R-REGARDING-09.
func TestRecordsAreOpenedInTheCRM(t *testing.T) {
	const id = "0F8FAD5B-D9CB-469F-A165-70867728950E"
	for _, c := range []struct {
		url  string
		ref  offline.Ref
		want string
	}{
		{"https://alder.crm4.dynamics.com", offline.Ref{Kind: offline.KindCase, ID: id}, "https://alder.crm4.dynamics.com/main.aspx?etn=incident&id=0f8fad5b-d9cb-469f-a165-70867728950e&pagetype=entityrecord"},
		{"https://crm.alder.example/Alder/api/data/v9.1", offline.Ref{Kind: offline.KindEmail, ID: id}, "https://crm.alder.example/Alder/main.aspx?etn=email&id=0f8fad5b-d9cb-469f-a165-70867728950e&pagetype=entityrecord"},
		{"https://alder.crm4.dynamics.com", offline.Ref{Kind: "quote", ID: id}, "https://alder.crm4.dynamics.com/main.aspx?etn=quote&id=0f8fad5b-d9cb-469f-a165-70867728950e&pagetype=entityrecord"},
		{"https://alder.crm4.dynamics.com", offline.Ref{Kind: "nonsense", ID: id}, ""},
		{"https://alder.crm4.dynamics.com", offline.Ref{Kind: offline.KindCase, ID: "1&x=2"}, ""},
		{"https://alder.crm4.dynamics.com", offline.Ref{}, ""},
		{"http://127.0.0.1:8080", offline.Ref{Kind: offline.KindCase, ID: id}, ""}, // an organization on this computer
	} {
		client, err := New(Config{URL: c.url})
		if err != nil {
			t.Fatal(err)
		}
		if got := client.RecordURL(c.ref); got != c.want {
			t.Errorf("%s %s: %q", c.url, c.ref, got)
		}
	}
}
