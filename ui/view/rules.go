package view

import (
	"context"

	"postrider/agent"
	"postrider/agent/track"
	"postrider/offline"
)

// Ruler is the part of an Agent that keeps what the user chose about tracking.
// Its methods may be called from any goroutine and may wait for the disk.
type Ruler interface {
	Filter() track.Filter
	SetFilter(f track.Filter) error
	Rules() offline.Rules
	// SetRules keeps all but the tracked folders.
	SetRules(r offline.Rules) error
	// FixedByConfig tells what the configuration says, so that it can't be
	// chosen here.
	FixedByConfig() (filter, sent bool)
	AutoCreate() offline.Kind
	SetAutoCreate(kind offline.Kind) error
}

// Foreteller is the part of an Agent that says what rules would have tracked. It
// asks nobody, but may look through many messages.
type Foreteller interface {
	Forecast(ctx context.Context, f track.Filter, r offline.Rules, days int) (agent.Forecast, error)
}

// changeRules changes what the user chose, in turn with everything else they
// asked for, and can be undone.
func (d *Desk) changeRules(text string, change func(*offline.Rules)) {
	e := d.env
	if e.ruler == nil {
		return
	}
	d.Deeds.run(text, func() (agent.Undo, error) {
		was := e.ruler.Rules()
		r := was
		change(&r)
		if err := e.ruler.SetRules(r); err != nil {
			return nil, err
		}
		return func() error { return e.ruler.SetRules(was) }, nil
	})
}
