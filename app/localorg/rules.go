package localorg

import (
	"encoding/base64"
	"fmt"
	"path"
	"strings"
)

// personName keeps fullname as first and last name, the default convention.
func personName() hooks {
	name := func(_ *tx, w *write) error {
		if w.set["fullname"] && !w.set["firstname"] && !w.set["lastname"] {
			return nil // seeded as it is
		}
		full := strings.TrimSpace(w.text("firstname") + " " + w.text("lastname"))
		if full == "" {
			w.put("fullname", nil)
		} else {
			w.put("fullname", full)
		}
		return nil
	}
	return hooks{beforeCreate: name, beforeUpdate: name}
}

// contactRules add to that what the service does with a picture: it takes what
// is one, and keeps when it came.
func contactRules() hooks {
	h := personName()
	name := h.beforeCreate
	rules := func(t *tx, w *write) error {
		for c, body := range w.blobs {
			if c.Name != "entityimage" {
				continue
			}
			small, err := thumbnail(body)
			if err != nil {
				return err
			}
			w.blobs[c] = small
			w.put(c.Name, blobSize(len(small)))
			w.put("entityimageid", newID())
			w.put("entityimage_timestamp", t.o.version+1)
		}
		if w.set["entityimage"] && w.value("entityimage") == nil {
			w.put("entityimageid", nil)
			w.put("entityimage_timestamp", nil)
		}
		return name(t, w)
	}
	return hooks{beforeCreate: rules, beforeUpdate: rules}
}

// userRules give a user the rows that come with one: settings, mailbox and
// filters.
func userRules() hooks {
	h := personName()
	name := h.beforeCreate
	h.beforeCreate = func(t *tx, w *write) error {
		w.put("businessunitid", ref{"businessunit", t.o.unit})
		return name(t, w)
	}
	h.afterCreate = func(t *tx, w *write) error {
		bind := "systemusers(" + w.id + ")"
		settings := map[string]any{"trackingtokenid": jsonNumber(t.nextUserNumber())}
		if _, err := t.create(t.o.schema.byName["usersettings"], w.id, settings); err != nil {
			return err
		}
		box, err := t.create(t.o.schema.byName["mailbox"], "", map[string]any{"name": cut(w.text("fullname")+" ", 160), "emailaddress": w.value("internalemailaddress"),
			"regardingobjectid_systemuser@odata.bind": bind, "ownerid@odata.bind": bind})
		if err != nil {
			return err
		}
		t.touch(w.tab, w.row, func(u *write) { u.put("defaultmailbox", ref{"mailbox", box}) })
		return t.giveFilters(w.id)
	}
	return h
}

// nextUserNumber is the number that a new user's tracking tokens bear, on top of
// the organization's base: users are counted.
func (t *tx) nextUserNumber() int64 {
	next := int64(1)
	d := t.table("usersettings")
	for _, r := range d.rows {
		next = max(next, r.number(d.def.cols["trackingtokenid"])+1)
	}
	return next
}

// organization is the one row of organizations.
func (t *tx) organization() *row {
	for _, r := range t.table("organization").rows {
		return r
	}
	return nil
}

// setting reads a column of the organization row.
func (t *tx) setting(name string) any {
	return t.organization().get(t.o.schema.byName["organization"].cols[name])
}

func caseRules() hooks {
	return hooks{beforeCreate: func(t *tx, w *write) error {
		if w.value("customerid") == nil {
			return badValue("You should specify a parent contact or account.")
		}
		if w.value("ticketnumber") == nil {
			w.put("ticketnumber", fmt.Sprintf("CAS-%05d-%s", 1000+len(t.table("incident").rows), strings.ToUpper(newID()[:6])))
		}
		return nil
	}}
}

func noteRules() hooks {
	check := func(t *tx, w *write) error {
		for c, body := range w.blobs {
			size, err := t.checkFile(w.text("filename"), body)
			if err != nil {
				return err
			}
			w.put("filesize", size)
			w.put("isdocument", c.Name == "documentbody")
		}
		if to, ok := w.value("objectid").(ref); ok {
			w.put("objecttypecode", to.table)
		}
		return nil
	}
	return hooks{beforeCreate: check, beforeUpdate: check}
}

// checkFile refuses files that the organization does not take, and returns the
// size of what body, in base64, holds.
func (t *tx) checkFile(name, body string) (int64, error) {
	if ext := strings.TrimPrefix(strings.ToLower(path.Ext(name)), "."); ext != "" {
		blocked, _ := t.setting("blockedattachments").(string)
		for _, b := range strings.Split(blocked, ";") {
			if strings.EqualFold(strings.TrimSpace(b), ext) {
				return 0, refuse(400, codeAttachmentBlocked, "The attachment is either not a valid type or is too large. It cannot be uploaded or downloaded.")
			}
		}
	}
	limit, _ := t.setting("maxuploadfilesize").(int64)
	if int64(len(body)/4*3) > limit+2 {
		return 0, refuse(400, codeAttachmentTooBig, "Attachment file size is too big.")
	}
	file, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return 0, badValue("The file content is not valid base64: %v", err)
	}
	if int64(len(file)) > limit {
		return 0, refuse(400, codeAttachmentTooBig, "Attachment file size is too big.")
	}
	return int64(len(file)), nil
}
