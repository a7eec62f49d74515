package offline

// The field numbers of what a record has in common with an item. Add at the end.
const (
	fiField = iota + 1
	fiState
	fiOrganizer
	fiGlobalID
	fiSeries
)

func (w *writer) recordItem(r *RecordItem) {
	w.fields(fiField, r.Fields)
	w.text(fiState, string(r.State))
	w.ref(fiOrganizer, r.Organizer)
	w.text(fiGlobalID, r.GlobalID)
	w.ref(fiSeries, r.Series)
}

func (f field) recordItem() (*RecordItem, error) {
	r := new(RecordItem)
	err := each(f.text, func(f field) (err error) {
		switch f.num {
		case fiField:
			r.Fields, err = f.fields(r.Fields)
		case fiState:
			r.State = RecordState(f.text)
		case fiOrganizer:
			r.Organizer, err = f.ref()
		case fiGlobalID:
			r.GlobalID = f.text
		case fiSeries:
			r.Series, err = f.ref()
		}
		return err
	})
	return r, err
}
