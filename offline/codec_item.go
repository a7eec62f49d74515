package offline

// The field numbers of an item. Add at the end of each list.
const (
	ftmCollection = iota + 1
	ftmHref
	ftmETag
	ftmKind
	ftmUID
	ftmRaw
	ftmField
	ftmMarkOrg
	ftmMarkRecord
	ftmChanged
	ftmGone
	ftmProblem
	ftmEdit
	ftmTrack
	ftmSeen
)

func (w *writer) anItem(it *Item) {
	w.text(ftmCollection, it.Collection)
	w.text(ftmHref, it.Href)
	w.text(ftmETag, it.ETag)
	w.text(ftmKind, string(it.Kind))
	w.text(ftmUID, it.UID)
	w.text(ftmRaw, string(it.Raw))
	w.fields(ftmField, it.Fields)
	w.text(ftmMarkOrg, it.Mark.Org)
	w.ref(ftmMarkRecord, it.Mark.Record)
	w.time(ftmChanged, it.Changed)
	w.bool(ftmGone, it.Gone)
	w.text(ftmProblem, it.Problem)
	w.fields(ftmEdit, it.Edits)
	w.fields(ftmSeen, it.Seen)
	if it.Track != (Tracking{}) {
		w.group(ftmTrack, func(w *writer) { w.tracking(&it.Track) })
	}
}

func readItem(row string) (it Item, err error) {
	err = each(row, func(f field) (err error) {
		switch f.num {
		case ftmCollection:
			it.Collection = f.text
		case ftmHref:
			it.Href = f.text
		case ftmETag:
			it.ETag = f.text
		case ftmKind:
			it.Kind = Kind(f.text)
		case ftmUID:
			it.UID = f.text
		case ftmRaw:
			it.Raw = []byte(f.text)
		case ftmField:
			it.Fields, err = f.fields(it.Fields)
		case ftmMarkOrg:
			it.Mark.Org = f.text
		case ftmMarkRecord:
			it.Mark.Record, err = f.ref()
		case ftmChanged:
			it.Changed, err = f.time()
		case ftmGone:
			it.Gone = f.n != 0
		case ftmProblem:
			it.Problem = f.text
		case ftmEdit:
			it.Edits, err = f.fields(it.Edits)
		case ftmSeen:
			it.Seen, err = f.fields(it.Seen)
		case ftmTrack:
			it.Track, err = f.tracking()
		}
		return err
	})
	return it, err
}

// The field numbers of a link of an item.
const (
	filItem = iota + 1
	filRecord
	filETag
	filBase
	filGiven
	filAt
	filKept
	filGone
	filMarked
	filMember
	filOwned
	filClosed
)

func (w *writer) itemLink(l *ItemLink) {
	w.number(filItem, l.Item)
	w.ref(filRecord, l.Record)
	w.text(filETag, l.ETag)
	w.fields(filBase, l.Base)
	w.fields(filGiven, l.Given)
	w.fields(filKept, l.Kept)
	w.time(filAt, l.At)
	w.bool(filGone, l.Gone)
	w.bool(filMarked, l.Marked)
	w.bool(filMember, l.Member)
	w.bool(filOwned, l.Owned)
	w.bool(filClosed, l.Closed)
}

func readItemLink(row string) (l ItemLink, err error) {
	err = each(row, func(f field) (err error) {
		switch f.num {
		case filItem:
			l.Item = f.n
		case filRecord:
			l.Record, err = f.ref()
		case filETag:
			l.ETag = f.text
		case filBase:
			l.Base, err = f.fields(l.Base)
		case filGiven:
			l.Given, err = f.fields(l.Given)
		case filKept:
			l.Kept, err = f.fields(l.Kept)
		case filAt:
			l.At, err = f.time()
		case filGone:
			l.Gone = f.n != 0
		case filMarked:
			l.Marked = f.n != 0
		case filMember:
			l.Member = f.n != 0
		case filOwned:
			l.Owned = f.n != 0
		case filClosed:
			l.Closed = f.n != 0
		}
		return err
	})
	return l, err
}

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
