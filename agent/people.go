package agent

import (
	"maps"

	"postrider/agent/track"
	"postrider/offline"
)

// Person is somebody in a message, and who that is in the CRM (R-TRACK-17).
type Person struct {
	Role    offline.PartyRole
	Address offline.Address
	// Holders are the active records that hold the address: the one that the
	// user picked first, then in the order in which a sender is resolved.
	Holders []offline.Record
	Picked  bool // the user picked the first of Holders
	// Records are those that the party becomes in the CRM; none: the address
	// stays unresolved.
	Records []offline.Ref
}

// People are sender and recipients of a message, each address once per role.
func (a *Agent) People(key uint64) (out []Person, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		m, err := tx.Message(key)
		if err != nil {
			return err
		}
		how, err := a.resolution(tx)
		if err != nil {
			return err
		}
		parties, err := track.Parties(&m, how)
		if err != nil {
			return err
		}
		for _, p := range parties {
			holders, picked, err := candidates(tx, how.Picks, p.Address.Addr)
			if err != nil {
				return err
			}
			out = append(out, Person{Role: p.Role, Address: p.Address, Holders: holders, Picked: picked, Records: p.Records})
		}
		return nil
	})
	return out, err
}

// resolution is how addresses are resolved to records now.
func (a *Agent) resolution(tx *offline.Tx) (track.Resolution, error) {
	picks, err := picks(tx)
	return track.Resolution{UnresolveMany: a.me().Options.UnresolveMany, Holders: tx.RecordsByAddress, Picks: picks}, err
}

func picks(tx *offline.Tx) (offline.Picks, error) {
	p := offline.Picks{}
	_, err := tx.Setting(offline.SettingPicks, &p)
	return p, err
}

// candidates are the records that hold an address, the picked one first.
func candidates(tx *offline.Tx, picks offline.Picks, addr string) (out []offline.Record, picked bool, err error) {
	all, err := tx.RecordsByAddress(addr)
	if err != nil {
		return nil, false, err
	}
	out, picked = track.PickFirst(track.Holders(all), picks[offline.Fold(addr)])
	return out, picked, nil
}

// Candidates are the active records that hold an address, the one that the user
// picked first.
func (a *Agent) Candidates(addr string) (out []offline.Record, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		p, err := picks(tx)
		if err != nil {
			return err
		}
		out, _, err = candidates(tx, p, addr)
		return err
	})
	return out, err
}

// Pick remembers which of the records that hold an address is meant by it, from
// now on and in every message, those that wait to be carried to the CRM
// included (R-EMAIL-15..17). The zero Ref forgets the choice.
func (a *Agent) Pick(addr string, r offline.Ref) (Undo, error) {
	addr = offline.Fold(addr)
	var old offline.Ref
	set := func(to offline.Ref) error {
		return a.Store.Update(func(tx *offline.Tx) error {
			p, err := picks(tx)
			if err != nil {
				return err
			}
			old, p = p[addr], maps.Clone(p)
			if p[addr] = to; to.IsZero() {
				delete(p, addr)
			}
			return tx.PutSetting(offline.SettingPicks, p)
		})
	}
	if err := set(r); err != nil {
		return nil, err
	}
	before := old
	trigger(a.wakePush)
	return func() error { return set(before) }, nil
}

// User is who the CRM said last that we are.
func (a *Agent) User() offline.User { return a.me() }
