package agent

import (
	"fmt"

	"postrider/offline"
)

// rules reads the user's rules. Where none were ever kept they begin with what
// the configuration says.
func (a *Agent) rules(tx *offline.Tx) (offline.Rules, error) {
	var r offline.Rules
	kept, err := tx.Setting(offline.SettingRules, &r)
	if err != nil {
		return r, fmt.Errorf("read the rules: %w", err)
	}
	if !kept {
		r.Sent = a.Settings.Sent
	}
	return r, nil
}

// changeRules reads the rules, lets change edit them and keeps them, all in
// tx: they are one setting that several parts edit.
func (a *Agent) changeRules(tx *offline.Tx, change func(*offline.Rules) error) error {
	r, err := a.rules(tx)
	if err != nil {
		return err
	}
	if err := change(&r); err != nil {
		return err
	}
	if err := tx.PutSetting(offline.SettingRules, r); err != nil {
		return fmt.Errorf("keep the rules: %w", err)
	}
	return nil
}
