package offline

// The field numbers of a record row. Add at the end of each list.
const (
	frKind = iota + 1
	frID
	frName
	frAddress
	frParent
	frOwner
	frActive
	frCreated
	frChanged
	frETag
	frField
	frEmail
	frSummary
	frItem
)

const (
	feIdentity = iota + 1
	feToken
	feOutgoing
	feClosed
	feRegarding
	feThread
	fePeople
	fePending
	feSent
)

func (w *writer) record(r *Record) {
	w.text(frKind, string(r.Kind))
	w.text(frID, r.ID)
	w.text(frName, r.Name)
	w.texts(frAddress, r.Addrs)
	w.ref(frParent, r.Parent)
	w.ref(frOwner, r.Owner)
	w.bool(frActive, r.Active)
	w.time(frCreated, r.Created)
	w.time(frChanged, r.Changed)
	w.text(frETag, r.ETag)
	w.fields(frField, r.Fields)
	if r.Email != nil {
		w.group(frEmail, func(w *writer) {
			w.text(feIdentity, r.Email.Identity)
			w.text(feToken, r.Email.Token)
			w.bool(feOutgoing, r.Email.Outgoing)
			w.bool(feClosed, r.Email.Closed)
			w.ref(feRegarding, r.Email.Regarding)
			w.text(feThread, r.Email.Thread)
			w.texts(fePeople, r.Email.People)
			w.bool(fePending, r.Email.Pending)
			w.time(feSent, r.Email.Sent)
		})
	}
	w.text(frSummary, r.Summary)
	if r.Item != nil {
		w.group(frItem, func(w *writer) { w.recordItem(r.Item) })
	}
}

// readRecord reads what record wrote. The record's texts are parts of row.
func readRecord(row string) (r Record, err error) {
	err = each(row, func(f field) (err error) {
		switch f.num {
		case frKind:
			r.Kind = Kind(f.text)
		case frID:
			r.ID = f.text
		case frName:
			r.Name = f.text
		case frAddress:
			r.Addrs = append(r.Addrs, f.text)
		case frParent:
			r.Parent, err = f.ref()
		case frOwner:
			r.Owner, err = f.ref()
		case frActive:
			r.Active = f.n != 0
		case frCreated:
			r.Created, err = f.time()
		case frChanged:
			r.Changed, err = f.time()
		case frETag:
			r.ETag = f.text
		case frField:
			r.Fields, err = f.fields(r.Fields)
		case frEmail:
			r.Email, err = f.email()
		case frSummary:
			r.Summary = f.text
		case frItem:
			r.Item, err = f.recordItem()
		}
		return err
	})
	return r, err
}

func (f field) email() (*Email, error) {
	e := new(Email)
	err := each(f.text, func(f field) (err error) {
		switch f.num {
		case feIdentity:
			e.Identity = f.text
		case feToken:
			e.Token = f.text
		case feOutgoing:
			e.Outgoing = f.n != 0
		case feClosed:
			e.Closed = f.n != 0
		case feRegarding:
			e.Regarding, err = f.ref()
		case feThread:
			e.Thread = f.text
		case fePeople:
			e.People = append(e.People, f.text)
		case fePending:
			e.Pending = f.n != 0
		case feSent:
			e.Sent, err = f.time()
		}
		return err
	})
	return e, err
}
