package view

import (
	"slices"

	"postrider/offline"
)

// pickedFirst puts the active record that the user picked for addr before the
// others that hold it (R-EMAIL-13, R-EMAIL-17). A pick that names none of them
// changes nothing.
func pickedFirst(tx *offline.Tx, addr string, recs []offline.Record) ([]offline.Record, error) {
	picks := offline.Picks{}
	if _, err := tx.Setting(offline.SettingPicks, &picks); err != nil {
		return recs, err
	}
	pick := picks[offline.Fold(addr)]
	i := slices.IndexFunc(recs, func(r offline.Record) bool { return r.Active && r.Ref == pick })
	if i <= 0 {
		return recs, nil
	}
	r := recs[i]
	return slices.Insert(slices.Delete(recs, i, i+1), 0, r), nil
}
