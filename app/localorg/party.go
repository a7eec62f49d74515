package localorg

import "slices"

// party is a row of activityparties before it is stored.
type party = *row

// party returns a column of activityparties.
func (t *tx) party(column string) *Column { return t.o.schema.byName["activityparty"].cols[column] }

// readParty reads one party as given within its activity.
func (t *tx) readParty(of *Table, body map[string]any) (party, error) {
	tab := t.o.schema.byName["activityparty"]
	w := &write{tab: tab, set: map[string]bool{}, row: &row{vals: make([]any, len(tab.Columns))}}
	for i := range tab.Columns {
		w.row.vals[i] = tab.Columns[i].Default
	}
	if err := t.read(w, body); err != nil {
		return nil, err
	}
	mask, ok := w.value("participationtypemask").(int64)
	if !ok || of.Activity == nil || !slices.Contains(of.Activity.Masks, mask) {
		return nil, badValue("participationtypemask %v is not valid for a party of %s", w.value("participationtypemask"), of.Name)
	}
	who, resolved := w.value("partyid").(ref)
	if !resolved && w.value("addressused") == nil {
		return nil, badValue("A party of %s needs partyid or addressused", of.Name)
	}
	if mask == maskOrganizer && resolved && who.table != "systemuser" {
		return nil, badValue("The organizer of an appointment must be a user")
	}
	if w.value("addressused") == nil {
		w.put("addressused", orNil(t.addressOf(who)))
	}
	return w.row, nil
}

// addressOf is the mail address of a record, "" where it has none.
func (t *tx) addressOf(who ref) string {
	tab := t.o.schema.byName[who.table]
	if tab == nil || tab.Address == "" {
		return ""
	}
	return t.row(who.table, who.id).text(tab.cols[tab.Address])
}

// checkParties checks the parties of an activity together.
func (t *tx) checkParties(w *write) error {
	senders := 0
	for _, p := range w.parties {
		if m := p.number(t.party("participationtypemask")); m == maskSender || m == maskOrganizer {
			senders++
		}
	}
	if senders > 1 {
		return badValue("An activity of type %s can have only one sender or organizer, not %d", w.tab.Name, senders)
	}
	return nil
}

// storeParties replaces what the client may write of an activity's parties.
func (t *tx) storeParties(w *write) {
	d := t.table("activityparty")
	if w.old != nil {
		for _, p := range d.find(t.party("activityid"), w.id) {
			if m := p.number(t.party("participationtypemask")); m != maskRegarding && m != maskOwner {
				t.remove(d, p.id)
			}
		}
	}
	for _, p := range w.parties {
		t.storeParty(d, w, p)
	}
}

func (t *tx) storeParty(d *data, w *write, p party) {
	p.id = newID()
	p.vals[t.party("activityid").ord] = ref{w.tab.Name, w.id}
	p.vals[t.party("activitypartyid").ord] = p.id
	t.store(d, &write{tab: d.def, id: p.id, row: p})
}

// systemParty keeps the one party that the platform adds for an activity's
// owner or regarding.
func (t *tx) systemParty(w *write, mask int64, who ref) {
	d := t.table("activityparty")
	if w.old != nil {
		for _, p := range d.find(t.party("activityid"), w.id) {
			if p.number(t.party("participationtypemask")) == mask {
				t.remove(d, p.id)
			}
		}
	}
	if who.id == "" {
		return
	}
	p := &row{vals: make([]any, len(d.def.Columns))}
	for i := range d.def.Columns {
		p.vals[i] = d.def.Columns[i].Default
	}
	p.vals[t.party("participationtypemask").ord] = mask
	p.vals[t.party("partyid").ord] = who
	p.vals[t.party("addressused").ord] = orNil(t.addressOf(who))
	t.storeParty(d, w, p)
}

// partiesOf returns an activity's parties of one of these masks.
func (t *tx) partiesOf(activity string, masks ...int64) []*row {
	return slices.DeleteFunc(t.table("activityparty").find(t.party("activityid"), activity), func(p *row) bool {
		return !slices.Contains(masks, p.number(t.party("participationtypemask")))
	})
}
