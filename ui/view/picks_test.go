package view

import (
	"testing"

	"postrider/offline"
)

// R-EMAIL-13, R-EMAIL-17.
func TestThePanelShowsTheRecordThatTheUserPickedFirst(t *testing.T) {
	const addr = "jana@acme.example"
	one := offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: "one"}, Active: true}
	two := offline.Record{Ref: offline.Ref{Kind: offline.KindLead, ID: "two"}, Active: true}
	gone := offline.Record{Ref: offline.Ref{Kind: offline.KindLead, ID: "gone"}}
	for name, c := range map[string]struct{ pick, first offline.Ref }{
		"none":         {offline.Ref{}, one.Ref},
		"the second":   {two.Ref, two.Ref},
		"not active":   {gone.Ref, one.Ref},
		"not a holder": {offline.Ref{Kind: offline.KindUser, ID: "x"}, one.Ref},
		"the first":    {one.Ref, one.Ref},
	} {
		s := newStore(t)
		err := s.Update(func(tx *offline.Tx) error {
			if err := tx.PutSetting(offline.SettingPicks, offline.Picks{addr: c.pick}); err != nil {
				return err
			}
			got, err := pickedFirst(tx, "Jana@acme.example", []offline.Record{one, two, gone})
			if err == nil && (len(got) != 3 || got[0].Ref != c.first) {
				t.Errorf("%s: %v", name, got)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
