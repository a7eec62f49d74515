package view

import (
	"context"
	"maps"

	"postrider/offline"
)

// memorySetting is where the window's widths are kept: in the profile, like
// everything else.
const memorySetting = "ui.window"

// Memory keeps the few numbers that a window remembers: its size, widths of its
// columns, what is folded. It is read once; each change is written behind.
type Memory struct {
	env    *env
	values map[string]float64
	save   slot
}

func newMemory(e *env) *Memory {
	m := &Memory{env: e, values: map[string]float64{}, save: e.slot()}
	err := e.store.View(func(tx *offline.Tx) error {
		_, err := tx.Setting(memorySetting, &m.values)
		return err
	})
	if err != nil || m.values == nil {
		e.log.Warn("the window's sizes could not be read", "err", err)
		m.values = map[string]float64{}
	}
	return m
}

// Get returns what was remembered, or fallback.
func (m *Memory) Get(key string, fallback float64) float64 {
	if v, ok := m.values[key]; ok {
		return v
	}
	return fallback
}

// Set remembers v.
func (m *Memory) Set(key string, v float64) {
	if old, ok := m.values[key]; ok && old == v {
		return
	}
	m.values[key] = v
	values := maps.Clone(m.values)
	m.save.do(func(context.Context) func() {
		err := m.env.store.Update(func(tx *offline.Tx) error { return tx.PutSetting(memorySetting, values) })
		if err != nil {
			m.env.log.Warn("the window's sizes could not be kept", "err", err)
		}
		return nil
	})
}
