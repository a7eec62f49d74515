package view

import (
	"context"
	"strings"

	"postrider/offline"
)

// Where is what the list shows: one folder, everything, or everything in one
// state. The zero Where is the whole mailbox.
type Where struct {
	Folder offline.FolderID
	State  offline.State // Waiting, Tracked or Failed; only with Folder 0
}

// Place is one of the things that the list can show.
type Place struct {
	Where
	Name   string // for people, without the folders above it
	Symbol string
	Depth  int // below other folders
	Total  int
	Unread int
}

// ItemCount is how many appointments, contacts or tasks there are.
type ItemCount struct {
	Name, Symbol string
	Text         string
}

func itemCounts(tx *offline.Tx) (list []ItemCount) {
	for _, k := range offline.ItemKinds {
		c := tx.ItemCounts(k)
		if c.Seen == 0 {
			continue
		}
		text := Count(c.Tracked) + " tracked, " + Count(c.Skipped) + " not tracked"
		if c.Waiting > 0 {
			text += ", " + Count(c.Waiting) + " waiting"
		}
		if c.Failed > 0 {
			text += ", " + Count(c.Failed) + " needing you"
		}
		list = append(list, ItemCount{upperFirst(ItemNoun(k)) + "s", ItemKindSymbol(k), text})
	}
	return list
}

// refreshPlaces loads the places anew.
func (d *Desk) refreshPlaces() {
	d.places.do(func(context.Context) func() {
		var places []Place
		var first offline.FolderID
		var counts offline.Counts
		var items []ItemCount
		err := d.env.store.View(func(tx *offline.Tx) error {
			var err error
			places, first, err = readPlaces(tx)
			counts, items = tx.Counts(), itemCounts(tx)
			return err
		})
		if err != nil {
			d.env.log.Warn("the folders could not be read", "err", err)
			return nil
		}
		return func() {
			d.Places, d.Counts, d.Items = places, counts, items
			d.List.inbox(first)
			d.env.tell(PartPlaces)
		}
	})
}

func readPlaces(tx *offline.Tx) (places []Place, inbox offline.FolderID, err error) {
	folders, err := tx.Folders()
	if err != nil {
		return nil, 0, err
	}
	for _, f := range folders {
		if f.NoSelect || !f.Read {
			continue
		}
		if f.Role == offline.RoleInbox {
			inbox = f.ID
		}
		p := Place{Where: Where{Folder: f.ID}, Name: FolderName(f), Symbol: folderSymbol(f.Role)}
		if f.Delimiter != "" {
			p.Depth = min(strings.Count(f.Name, f.Delimiter), 4)
		}
		p.Total, p.Unread = tx.FolderCounts(f.ID)
		places = append(places, p)
	}
	if inbox == 0 && len(places) > 0 {
		inbox = places[0].Folder
	}
	c := tx.Counts()
	failed, err := tx.KeysByState(offline.Failed, 0)
	if err != nil {
		return nil, 0, err
	}
	places = append(places,
		Place{Name: "All mail", Symbol: "all", Total: c.Seen},
		Place{Where: Where{State: offline.Waiting}, Name: "Waiting", Symbol: string(SignWaiting), Total: c.Waiting},
		Place{Where: Where{State: offline.Tracked}, Name: "Tracked", Symbol: string(SignTracked), Total: c.Tracked},
		Place{Where: Where{State: offline.Failed}, Name: "Needs you", Symbol: string(SignAttention), Total: len(failed)},
	)
	return places, inbox, nil
}

// FolderName is a folder's name for people: INBOX is "Inbox", "Sent/2024" is "2024".
func FolderName(f offline.Folder) string {
	if f.Role == offline.RoleInbox {
		return "Inbox"
	}
	name := f.Name
	if f.Delimiter != "" {
		name = name[strings.LastIndex(name, f.Delimiter)+len(f.Delimiter):]
	}
	return OneLine(name, 80)
}

func folderSymbol(r offline.FolderRole) string {
	switch r {
	case offline.RoleInbox, offline.RoleSent, offline.RoleDrafts, offline.RoleArchive, offline.RoleJunk, offline.RoleTrash:
		return string(r)
	}
	return "folder"
}
