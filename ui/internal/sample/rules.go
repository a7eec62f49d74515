package sample

import (
	"context"

	"postrider/agent"
	"postrider/agent/track"
	"postrider/offline"
)

// What is tracked is kept by a real agent on the same store that never runs.

// rules is that agent.
func (a *Agent) rules() *agent.Agent {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keeper == nil {
		if err := a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting("user", a.user) }); err != nil {
			panic(err)
		}
		k, err := agent.New(agent.Config{Store: a.Store, Now: Now, Settings: agent.Settings{Own: []string{me.Addr}}})
		if err != nil {
			panic(err) // it refuses only what the sample does not give it
		}
		a.keeper = k
	}
	return a.keeper
}

// Filter is the one in force.
func (a *Agent) Filter() track.Filter { return a.rules().Filter() }

// SetFilter changes it.
func (a *Agent) SetFilter(f track.Filter) error {
	if err := a.note("filter " + string(f)); err != nil {
		return err
	}
	defer a.Set(func(*agent.Status) {})
	return a.rules().SetFilter(f)
}

// Rules are those in force.
func (a *Agent) Rules() offline.Rules { return a.rules().Rules() }

// SetRules changes them.
func (a *Agent) SetRules(r offline.Rules) error {
	if err := a.note("rules"); err != nil {
		return err
	}
	defer a.Set(func(*agent.Status) {})
	return a.rules().SetRules(r)
}

// FixedByConfig is what Fixed says.
func (a *Agent) FixedByConfig() (filter, sent bool) { return a.Fixed, a.Fixed }

// AutoCreate is what is made for unknown senders.
func (a *Agent) AutoCreate() offline.Kind { return a.rules().AutoCreate() }

// SetAutoCreate changes it.
func (a *Agent) SetAutoCreate(k offline.Kind) error {
	defer a.Set(func(*agent.Status) {})
	return a.rules().SetAutoCreate(k)
}

// Forecast is what would have been tracked.
func (a *Agent) Forecast(ctx context.Context, f track.Filter, r offline.Rules, days int) (agent.Forecast, error) {
	if a.NoNet {
		return agent.Forecast{}, ErrOffline
	}
	return a.rules().Forecast(ctx, f, r, days)
}

// TrackFolder tracks a folder.
func (a *Agent) TrackFolder(r offline.FolderRule) error {
	if err := a.note("track folder"); err != nil {
		return err
	}
	return a.rules().TrackFolder(r)
}

// ChangeFolder changes what it is about.
func (a *Agent) ChangeFolder(r offline.FolderRule) error { return a.rules().ChangeFolder(r) }

// ForgetFolder tracks it no longer.
func (a *Agent) ForgetFolder(id offline.FolderID) error { return a.rules().ForgetFolder(id) }

// FolderForecast says what lies in a folder.
func (a *Agent) FolderForecast(ctx context.Context, id offline.FolderID) (agent.FolderForecast, error) {
	if a.NoNet {
		return agent.FolderForecast{}, ErrOffline
	}
	if ctx.Err() != nil {
		return agent.FolderForecast{}, ctx.Err()
	}
	f := agent.FolderForecast{Oldest: Now().AddDate(0, -2, 0), Newest: Now()}
	err := a.Store.View(func(tx *offline.Tx) error {
		f.Messages, _ = tx.FolderCounts(id)
		return nil
	})
	return f, err
}

// Backfills are those under way.
func (a *Agent) Backfills() []agent.Backfill { return a.rules().Backfills() }

// PauseBackfill holds one.
func (a *Agent) PauseBackfill(id offline.FolderID, p bool) error {
	return a.rules().PauseBackfill(id, p)
}

// CancelBackfill ends one.
func (a *Agent) CancelBackfill(id offline.FolderID) error { return a.rules().CancelBackfill(id) }

// RegardingKinds are the kinds that messages can be about.
func (a *Agent) RegardingKinds() []offline.Table { return a.rules().RegardingKinds() }

// RecordURL is a page for every record.
func (a *Agent) RecordURL(r offline.Ref) string {
	return "https://crm.example/main.aspx?etn=" + string(r.Kind) + "&id=" + r.ID
}

// Pick chooses which record an address means.
func (a *Agent) Pick(addr string, r offline.Ref) (agent.Undo, error) {
	if err := a.note("pick " + r.String()); err != nil {
		return nil, err
	}
	return a.rules().Pick(addr, r)
}

// Propose fills a record to be made from a message.
func (a *Agent) Propose(key uint64, kind offline.Kind) (agent.Proposal, error) {
	return a.rules().Propose(key, kind)
}

// CreateFrom makes it: in the store only, as nothing is ever carried over here.
func (a *Agent) CreateFrom(key uint64, p agent.Proposal) (offline.Ref, agent.Undo, error) {
	if err := a.note("create " + string(p.Kind)); err != nil {
		return offline.Ref{}, nil, err
	}
	defer a.Set(func(*agent.Status) {})
	return a.rules().CreateFrom(key, p)
}

// Recent are the records that something was made about.
func (a *Agent) Recent(kinds []offline.Kind) ([]offline.Record, error) {
	return a.rules().Recent(kinds)
}

// Used notes one of them.
func (a *Agent) Used(r offline.Ref) error { return a.rules().Used(r) }

// SearchHere searches the store.
func (a *Agent) SearchHere(text string, kinds []offline.Kind) ([]offline.Record, error) {
	return a.rules().SearchHere(text, kinds)
}
