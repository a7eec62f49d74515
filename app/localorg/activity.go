package localorg

import "strings"

// activityRules are the rules of every activity: parties, and that a closed one
// is read-only.
func activityRules() hooks {
	return hooks{beforeCreate: beforeActivity, afterCreate: afterActivity, beforeUpdate: beforeActivityUpdate, afterUpdate: afterActivity}
}

// emailRules add to them what the platform fills in for emails.
func emailRules() hooks {
	h := activityRules()
	h.beforeCreate = func(t *tx, w *write) error {
		if err := beforeActivity(t, w); err != nil {
			return err
		}
		return t.fillEmail(w)
	}
	h.beforeUpdate = func(t *tx, w *write) error {
		if err := beforeActivityUpdate(t, w); err != nil || w.silent {
			return err
		}
		return t.fillEmail(w)
	}
	return h
}

func beforeActivity(t *tx, w *write) error {
	w.put("activitytypecode", w.tab.Name)
	if err := t.checkParties(w); err != nil {
		return err
	}
	if w.value("scheduledstart") != nil && w.value("scheduledend") != nil {
		start, end := w.value("scheduledstart").(stamp), w.value("scheduledend").(stamp)
		if end < start {
			return badValue("The scheduled end of an activity can't be before its start.")
		}
		if !w.set["scheduleddurationminutes"] {
			w.put("scheduleddurationminutes", int64(end-start)/60)
		}
	}
	return nil
}

// isClosed reports whether a row of an activity table can no longer be edited.
func isClosed(tab *Table, r *row) bool {
	s := r.number(tab.state)
	return s == stateCompleted || s == stateCanceled
}

// beforeActivityUpdate keeps closed activities as they are. The regarding of an
// email that was sent or received may still be changed (the vendor's guide says
// so of sent email; received email is taken to be the same, since the same
// command serves both). Tasks and appointments may be opened again. Writing the
// state that an activity already has does nothing.
func beforeActivityUpdate(t *tx, w *write) error {
	if !isClosed(w.tab, w.old) || t.seed {
		return beforeActivity(t, w)
	}
	stateWritten := w.set["statecode"] || w.set["statuscode"]
	stateChanged := w.row.get(w.tab.state) != w.old.get(w.tab.state) || w.row.get(w.tab.status) != w.old.get(w.tab.status)
	others := 0
	for name := range w.set {
		if name != "statecode" && name != "statuscode" && name != "regardingobjectid" {
			others++
		}
	}
	regardingOK := !w.set["regardingobjectid"] || w.tab.Name == "email" && w.old.number(w.tab.state) == stateCompleted
	reopened := len(w.set) <= 2 && stateWritten && (w.tab.Name != "email" && !isClosed(w.tab, w.row) || w.tab.Name == "email" && maySettle(w))
	switch {
	case others > 0, w.hasList, !regardingOK, stateChanged && !reopened:
		return refuse(400, codeActivityClosed, "The %s with Id = %s is closed and can't be changed.", w.tab.Name, w.id)
	case !stateChanged && !w.set["regardingobjectid"]:
		w.silent = true
	}
	return nil
}

// maySettle reports whether an email that waits to be sent may get the status
// it is written. Whoever sends it takes it over and says what became of it, and
// it may be called back to be a draft; but its columns are read-only as those
// of any closed one.
func maySettle(w *write) bool {
	old := w.old.number(w.tab.status)
	return old == emailPending || old == emailSending
}

func afterActivity(t *tx, w *write) error {
	if w.old == nil || w.hasList {
		t.storeParties(w)
	}
	if w.old == nil || w.old.get(w.tab.owner) != w.row.get(w.tab.owner) {
		t.systemParty(w, maskOwner, w.row.lookup(w.tab.owner))
	}
	about := w.tab.cols["regardingobjectid"]
	if w.old == nil || w.old.get(about) != w.row.get(about) {
		t.systemParty(w, maskRegarding, w.row.lookup(about))
	}
	return nil
}

// fillEmail fills what follows from parties and state.
func (t *tx) fillEmail(w *write) error {
	if w.old == nil || w.hasList {
		var to []string
		for _, p := range w.parties {
			addr := p.text(t.party("addressused"))
			switch p.number(t.party("participationtypemask")) {
			case maskSender:
				if !w.set["sender"] {
					w.put("sender", orNil(cut(addr, 250)))
				}
				t.fillSender(w, p.lookup(t.party("partyid")))
			case maskTo:
				if addr != "" {
					to = append(to, addr)
				}
			}
		}
		if !w.set["torecipients"] && len(to) > 0 {
			w.put("torecipients", cut(strings.Join(to, ";")+";", 500))
		}
	}
	status := w.row.number(w.tab.status)
	if isClosed(w.tab, w.row) && (w.old == nil || !isClosed(w.tab, w.old)) {
		if w.value("actualend") == nil {
			w.put("actualend", t.now)
		}
	}
	if (status == emailSent || status == emailReceived) && w.value("senton") == nil {
		if w.value("actualend") == nil {
			w.put("actualend", t.now)
		}
		w.put("senton", w.value("actualend"))
	}
	return nil
}

func (t *tx) fillSender(w *write, who ref) {
	if who.id == "" {
		return
	}
	w.put("emailsender", who)
	switch who.table {
	case "account":
		w.put("sendersaccount", who)
	case "contact":
		if of := t.row("contact", who.id).lookup(t.o.schema.byName["contact"].cols["parentcustomerid"]); of.table == "account" {
			w.put("sendersaccount", of)
		}
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// attachmentRules tie an attachment to its activity.
func attachmentRules() hooks {
	return hooks{
		beforeCreate: func(t *tx, w *write) error {
			of, ok := w.value("objectid").(ref)
			if !ok {
				return badValue("An attachment needs the activity it belongs to: objectid is missing")
			}
			if err := t.openParent(of); err != nil {
				return err
			}
			if code := w.value("objecttypecode"); code == nil {
				w.put("objecttypecode", of.table)
			} else if code != of.table {
				return badValue("objecttypecode '%v' does not fit an attachment of %s", code, of.table)
			}
			if w.value("body") == nil || w.value("filename") == nil {
				return badValue("An attachment needs both body and filename")
			}
			return t.measureFile(w)
		},
		afterCreate: func(t *tx, w *write) error { t.countAttachment(w.value("objectid").(ref), 1); return nil },
		beforeUpdate: func(t *tx, w *write) error {
			if err := t.openParent(w.value("objectid").(ref)); err != nil {
				return err
			}
			return t.measureFile(w)
		},
		beforeDelete: func(t *tx, tab *Table, r *row) error {
			of := r.lookup(tab.cols["objectid"])
			if t.row(of.table, of.id) == nil { // goes with its activity
				return nil
			}
			return t.openParent(of)
		},
		afterDelete: func(t *tx, tab *Table, r *row) error {
			t.countAttachment(r.lookup(tab.cols["objectid"]), -1)
			return nil
		},
	}
}

func (t *tx) openParent(of ref) error {
	tab := t.o.schema.byName[of.table]
	if r := t.row(of.table, of.id); !t.seed && r != nil && isClosed(tab, r) {
		return refuse(400, codeActivityClosed, "The %s with Id = %s is closed; its attachments can't be changed.", of.table, of.id)
	}
	return nil
}

func (t *tx) measureFile(w *write) error {
	for _, body := range w.blobs {
		size, err := t.checkFile(w.text("filename"), body)
		if err != nil {
			return err
		}
		w.put("filesize", size)
	}
	return nil
}

func (t *tx) countAttachment(of ref, by int64) {
	r := t.row(of.table, of.id)
	if r == nil {
		return
	}
	tab := t.o.schema.byName[of.table]
	t.touch(tab, r, func(w *write) { w.put("attachmentcount", r.number(tab.cols["attachmentcount"])+by) })
}
