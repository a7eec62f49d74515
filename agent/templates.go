package agent

import (
	"context"
	"errors"
	"fmt"

	"postrider/offline"
)

// settingTemplates are the organization's templates as the CRM had them last,
// []offline.Template.
const settingTemplates = "templates"

// Templates are the email templates that the user may use (R-EMAIL-32). Where
// the CRM can't be reached, they are those it had last.
func (a *Agent) Templates(ctx context.Context) (all []offline.Template, err error) {
	if a.TemplateSource != nil {
		if all, err = a.TemplateSource.Templates(ctx); err == nil {
			return all, a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingTemplates, all) })
		}
		a.Log.Debug("the templates can't be listed; showing those of the last time", "err", err)
	}
	failed := err
	var known bool
	err = a.Store.View(func(tx *offline.Tx) error { known, err = tx.Setting(settingTemplates, &all); return err })
	if err == nil && !known && failed != nil {
		err = fmt.Errorf("list the templates: %w", failed)
	}
	return all, err
}

// errNoTemplates says that this CRM has no templates that Postrider could use.
var errNoTemplates = errors.New("this CRM has no email templates")

// FillTemplate fills a template with the data of the record that the message is
// about, which must be of the template's kind unless that has none. Filling is
// the CRM's work, so it needs the network; what was filled for the same record
// before is kept for when there is none.
func (a *Agent) FillTemplate(ctx context.Context, t offline.Template, about offline.Ref) (offline.Filled, error) {
	if a.TemplateSource == nil {
		return offline.Filled{}, errNoTemplates
	}
	if t.Kind != "" && !about.IsZero() && t.Kind != about.Kind {
		return offline.Filled{}, fmt.Errorf("the template %q is for records of the kind %s, not %s", t.Title, t.Kind, about.Kind)
	}
	if t.Kind != "" && about.IsZero() {
		return offline.Filled{}, fmt.Errorf("the template %q is filled from a record of the kind %s; choose first what the message is about", t.Title, t.Kind)
	}
	setting := "template " + t.ID + " " + about.String()
	f, err := a.TemplateSource.FillTemplate(ctx, t.ID, about)
	if err == nil {
		return f, a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(setting, f) })
	}
	if !offline.ClassOf(err).Transient() {
		return f, fmt.Errorf("fill the template %q: %w", t.Title, err)
	}
	var kept offline.Filled
	var ok bool
	if verr := a.Store.View(func(tx *offline.Tx) (err error) { ok, err = tx.Setting(setting, &kept); return err }); verr != nil {
		return f, verr
	}
	if !ok {
		return f, fmt.Errorf("fill the template %q: %w", t.Title, err)
	}
	return kept, nil
}
