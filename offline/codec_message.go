package offline

// The field numbers of a message row. Add at the end of each list.
const (
	fmIdentity = iota + 1
	fmComputed
	fmFrom
	fmSender
	fmReplyTo
	fmTo
	fmCc
	fmBcc
	fmSubject
	fmDate
	fmReceived
	fmInReplyTo
	fmReferences
	fmThreadIndex
	fmContentType
	fmListID
	fmAutomatic
	fmSize
	fmOutgoing
	fmPlaces
	fmBody
	fmTrack
)

const (
	fpFolder = iota + 1
	fpUID
	fpFlag
	fpKeyword
)

const (
	fbStored = iota + 1
	fbAttachments
	fbSnippet
)

const (
	ftState = iota + 1
	ftSince
	ftCause
	ftReason
	ftRecord
	ftRegarding
	ftDeclined
	ftEpoch
	ftBy
)

func (w *writer) message(m *Message) {
	w.text(fmIdentity, m.Identity)
	w.bool(fmComputed, m.Computed)
	w.addresses(fmFrom, m.From)
	if m.Sender != (Address{}) {
		w.address(fmSender, m.Sender)
	}
	w.addresses(fmReplyTo, m.ReplyTo)
	w.addresses(fmTo, m.To)
	w.addresses(fmCc, m.Cc)
	w.addresses(fmBcc, m.Bcc)
	w.text(fmSubject, m.Subject)
	w.time(fmDate, m.Date)
	w.time(fmReceived, m.Received)
	w.texts(fmInReplyTo, m.InReplyTo)
	w.texts(fmReferences, m.References)
	w.text(fmThreadIndex, m.ThreadIndex)
	w.text(fmContentType, m.ContentType)
	w.text(fmListID, m.ListID)
	w.bool(fmAutomatic, m.Automatic)
	w.number(fmSize, uint64(m.Size))
	w.bool(fmOutgoing, m.Outgoing)
	for i := range m.Places {
		w.group(fmPlaces, func(w *writer) {
			w.number(fpFolder, uint64(m.Places[i].Folder))
			w.number(fpUID, uint64(m.Places[i].UID))
			w.texts(fpFlag, m.Places[i].Flags)
			w.number(fpKeyword, uint64(m.Places[i].Keyword))
		})
	}
	if m.Body != (BodyInfo{}) {
		w.group(fmBody, func(w *writer) {
			w.bool(fbStored, m.Body.Stored)
			w.number(fbAttachments, uint64(m.Body.Attachments))
			w.text(fbSnippet, m.Body.Snippet)
		})
	}
	if m.Track != (Tracking{}) {
		w.group(fmTrack, func(w *writer) { w.tracking(&m.Track) })
	}
}

func (w *writer) tracking(t *Tracking) {
	w.text(ftState, string(t.State))
	w.time(ftSince, t.Since)
	w.text(ftCause, string(t.Cause))
	w.text(ftReason, t.Reason)
	w.ref(ftRecord, t.Record)
	w.ref(ftRegarding, t.Regarding)
	w.bool(ftDeclined, t.Declined)
	w.number(ftEpoch, uint64(t.Epoch))
	w.text(ftBy, t.By)
}

func (w *writer) addresses(field uint64, list []Address) {
	for _, a := range list {
		w.address(field, a)
	}
}

// readMessage reads what message wrote. The message's texts are parts of row.
func readMessage(row string) (m Message, err error) {
	err = each(row, func(f field) (err error) {
		switch f.num {
		case fmIdentity:
			m.Identity = f.text
		case fmComputed:
			m.Computed = f.n != 0
		case fmFrom:
			m.From, err = appendAddress(m.From, f)
		case fmSender:
			m.Sender, err = f.address()
		case fmReplyTo:
			m.ReplyTo, err = appendAddress(m.ReplyTo, f)
		case fmTo:
			m.To, err = appendAddress(m.To, f)
		case fmCc:
			m.Cc, err = appendAddress(m.Cc, f)
		case fmBcc:
			m.Bcc, err = appendAddress(m.Bcc, f)
		case fmSubject:
			m.Subject = f.text
		case fmDate:
			m.Date, err = f.time()
		case fmReceived:
			m.Received, err = f.time()
		case fmInReplyTo:
			m.InReplyTo = append(m.InReplyTo, f.text)
		case fmReferences:
			m.References = append(m.References, f.text)
		case fmThreadIndex:
			m.ThreadIndex = f.text
		case fmContentType:
			m.ContentType = f.text
		case fmListID:
			m.ListID = f.text
		case fmAutomatic:
			m.Automatic = f.n != 0
		case fmSize:
			m.Size = int64(f.n)
		case fmOutgoing:
			m.Outgoing = f.n != 0
		case fmPlaces:
			var p Place
			p, err = f.place()
			m.Places = append(m.Places, p)
		case fmBody:
			m.Body, err = f.body()
		case fmTrack:
			m.Track, err = f.tracking()
		}
		return err
	})
	return m, err
}

func appendAddress(list []Address, f field) ([]Address, error) {
	a, err := f.address()
	return append(list, a), err
}

func (f field) place() (p Place, err error) {
	err = each(f.text, func(f field) error {
		switch f.num {
		case fpFolder:
			p.Folder = FolderID(f.n)
		case fpUID:
			p.UID = uint32(f.n)
		case fpFlag:
			p.Flags = append(p.Flags, f.text)
		case fpKeyword:
			p.Keyword = KeywordMark(f.n)
		}
		return nil
	})
	return p, err
}

func (f field) body() (b BodyInfo, err error) {
	err = each(f.text, func(f field) error {
		switch f.num {
		case fbStored:
			b.Stored = f.n != 0
		case fbAttachments:
			b.Attachments = int(f.n)
		case fbSnippet:
			b.Snippet = f.text
		}
		return nil
	})
	return b, err
}

func (f field) tracking() (t Tracking, err error) {
	err = each(f.text, func(f field) (err error) {
		switch f.num {
		case ftState:
			t.State = State(f.text)
		case ftSince:
			t.Since, err = f.time()
		case ftCause:
			t.Cause = Cause(f.text)
		case ftReason:
			t.Reason = f.text
		case ftRecord:
			t.Record, err = f.ref()
		case ftRegarding:
			t.Regarding, err = f.ref()
		case ftDeclined:
			t.Declined = f.n != 0
		case ftEpoch:
			t.Epoch = int(f.n)
		case ftBy:
			t.By = f.text
		}
		return err
	})
	return t, err
}
