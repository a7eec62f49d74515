package offline

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// populated makes a closed store with something in every table, and returns its
// folder and what readAll reads from it.
func populated(t testing.TB) (dir string, content map[string]any) {
	t.Helper()
	dir = t.TempDir()
	s := openAt(t, dir)
	populate(t, s)
	view(t, s, func(tx *Tx) { content = must[map[string]any](t)(readAll(tx)) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, content
}

// populate puts something into every table. What it puts is the content of the
// frozen stores: don't change it.
func populate(t testing.TB, s *Store) {
	t.Helper()
	contact := Ref{KindContact, "8f1b6f3a-2f43-4a0e-9d0a-000000000001"}
	account := Ref{KindAccount, "8f1b6f3a-2f43-4a0e-9d0a-000000000002"}
	email := Ref{KindEmail, "8f1b6f3a-2f43-4a0e-9d0a-000000000003"}
	update(t, s, func(tx *Tx) error {
		inbox := Folder{Name: "INBOX", Role: RoleInbox, Read: true, Cursor: Cursor{UIDValidity: 7, UIDNext: 900, At: testClock()}}
		sent := Folder{Name: "Sent", Delimiter: "/", Role: RoleSent, Read: true}
		ms := sampleMessages(0, 60)
		return errors.Join(tx.PutFolder(&inbox), tx.PutFolder(&sent), tx.AddMessages(ms))
	})
	update(t, s, func(tx *Tx) error {
		for key, state := range map[uint64]State{1: Waiting, 2: Tracked, 3: Failed, 4: Untracked} {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			m.Track = Tracking{State: state, Since: testClock(), Cause: CauseToken, Reason: "the reason why",
				Record: email, Regarding: account, Epoch: 3}
			m.Body = BodyInfo{Stored: key == 2, Attachments: 1, Snippet: "Dear Mr Svoboda"}
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
		}
		m, err := tx.Message(5)
		if err != nil {
			return err
		}
		m.ThreadIndex, m.Subject = sampleThread, "Re: Offer CRM:0017001"
		if err := tx.PutMessage(&m); err != nil {
			return err
		}
		set := SetAside{Folder: 1, UID: 77, Reason: "the header has no end", At: testClock()}
		change := Change{Lane: "email:2", Op: OpCreateEmail, Item: 2, Record: email, Queued: testClock(),
			NotBefore: testClock().Add(time.Minute), Regarding: account, Correlated: email}
		parked := Change{Lane: "email:1", Op: OpSetRegarding, Item: 1, Record: email, Queued: testClock(), Parked: true, Reason: "refused"}
		return errors.Join(
			tx.PutRecord(&Record{Ref: account, Name: "Moravia Tools", Active: true, ETag: `W/"1"`}),
			tx.PutRecord(&Record{Ref: contact, Name: "Jana Nováková", Addrs: []string{"Jana.Novakova.1@moravia-tools.example"},
				Parent: account, Active: true, Created: testClock(), Fields: Fields{"title": "Head of Purchasing"}, Summary: "Purchasing"}),
			tx.PutRecord(&Record{Ref: email, Name: "Re: Offer", Email: &Email{Identity: sampleMessage(1).Identity, Token: "CRM:0017", Regarding: account, Thread: sampleThread}}),
			tx.PutCRMCursor(CRMCursor{Kind: KindContact, Delta: "https://org.example/delta?token=1", At: testClock()}),
			tx.BeginListing(KindContact),
			tx.PutLink(&Link{Item: 2, Record: email, ETag: `W/"2"`, Base: Base{Regarding: account}, At: testClock()}),
			tx.Enqueue(&change), tx.Enqueue(&parked),
			tx.PutSetAside(&set),
			tx.Log(Activity{At: testClock(), What: "track", Item: 2, Record: email, Text: "Tracked Re: Offer"}),
			tx.PutDraft(&Draft{State: DraftWaiting, To: []Address{{Name: "Jana Nováková", Addr: "jana.novakova.1@moravia-tools.example"}}, Subject: "Offer", Text: "Dear Jana", Track: true, Regarding: account, Queued: testClock()}),
			tx.PutSetting("user", User{ID: "u1", Name: "Petr Svoboda", Address: "petr.svoboda@adventure-works.example"}),
		)
	})
	populateItems(t, s, contact)
	if _, err := s.PutBody(2, strings.NewReader("From: Jana\r\n\r\nDear Mr Svoboda, the body.\r\n")); err != nil {
		t.Fatal(err)
	}
}

// contact1 is the contact that populate puts.
var contact1 = Ref{KindContact, "8f1b6f3a-2f43-4a0e-9d0a-000000000001"}

// populateItems puts something into the tables of schema 3.
func populateItems(t testing.TB, s *Store, contact Ref) {
	t.Helper()
	update(t, s, func(tx *Tx) error {
		coll := Collection{URL: "https://dav.example/petr/people/", Account: "people", Name: "Lidé", Color: "#aabbcc", Kinds: []Kind{KindContact},
			Cursor: CollectionCursor{SyncToken: "http://dav.example/sync/17", At: testClock()}, Home: true}
		jana := Item{Collection: coll.URL, Href: "/petr/people/jana.vcf", ETag: `"1"`, Kind: KindContact, UID: "uid-of-jana", Raw: []byte("BEGIN:VCARD\r\nEND:VCARD\r\n"),
			Fields: Fields{"first": "Jana", "last": "Nováková"}, Mark: Mark{Org: "org1", Record: contact}, Changed: testClock(),
			Track: Tracking{State: Tracked, Since: testClock(), Cause: CauseUser, Record: contact}}
		other := Item{Collection: coll.URL, Href: "/petr/people/other.vcf", Kind: KindContact, UID: "uid-of-other", Gone: true}
		if err := errors.Join(tx.PutCollection(coll), tx.PutItem(&jana), tx.PutItem(&other)); err != nil {
			return err
		}
		put := Change{Lane: "dav:1", Op: OpPutItem, Entry: jana.Key, Fields: Fields{"first": "Johana"}, Queued: testClock()}
		return errors.Join(
			tx.PutItemLink(&ItemLink{Item: jana.Key, Record: contact, ETag: `W/"3"`, Base: Fields{"first": "Jana"}, Given: Fields{"first": "Jana"}, Kept: Fields{"first": "JANA"}, At: testClock(), Marked: true}),
			tx.UndecideItem(jana.Key), tx.UndecideRecord(contact), tx.Enqueue(&put),
			tx.PutConflict(&Conflict{Item: jana.Key, Record: contact, Word: "first", Base: "Jana", Mine: "Johana", Theirs: "Janina", Winner: SideRecord, At: testClock()}),
			tx.PutHeldDeletion(&HeldDeletion{Side: SideItem, Kind: KindContact, Item: other.Key, At: testClock()}),
			tx.PutTombstone(&Tombstone{Side: SideRecord, Kind: KindContact, Name: "Jana", Record: contact, Item: jana, At: testClock()}),
		)
	})
}

// readItems reads those tables in every way there is.
func readItems(tx *Tx, contact Ref, put func(string) func(any, error)) {
	put("collections")(anyOf(tx.Collections()))
	var items []Item
	err := tx.Items(func(it *Item) bool { items = append(items, *it); return true })
	put("items")(items, err)
	put("item at")(anyOf(notFoundIsZero(tx.ItemAt("https://dav.example/petr/people/", "/petr/people/jana.vcf"))))
	put("item keys")(tx.ItemKeys("https://dav.example/petr/people/"), tx.err)
	put("items by uid")(anyOf(tx.ItemsByUID("uid-of-jana")))
	put("items by record")(anyOf(tx.ItemsByRecord(contact)))
	put("item counts")(tx.ItemCounts(KindContact), tx.err)
	var links []ItemLink
	err = tx.ItemLinks(func(l ItemLink) bool { links = append(links, l); return true })
	put("item links")(links, err)
	put("item link of record")(anyOf(notFoundIsZero(tx.ItemLinkByRecord(contact))))
	undecided, records, err := tx.Undecided()
	put("undecided items")(undecided, err)
	put("undecided records")(records, nil)
	put("conflicts")(anyOf(tx.Conflicts()))
	put("held")(anyOf(tx.HeldDeletions()))
	put("tombstones")(anyOf(tx.Tombstones()))
	put("tombstone of")(anyOf(notFoundIsZero(tx.TombstoneOf(contact))))
}

// sampleThread is the conversation index of an answer.
const sampleThread = "Ad3cqREiMwARIjNEVWZ3iJmqu8zd7v8BAgMEBQ=="

// readAll reads a store in every way there is.
func readAll(tx *Tx) (map[string]any, error) {
	all := map[string]any{}
	var errs []error
	put := func(name string) func(v any, err error) {
		return func(v any, err error) { all[name] = v; errs = append(errs, err) }
	}
	put("folders")(anyOf(tx.Folders()))
	for key := range uint64(61) {
		put(fmt.Sprintf("message %d", key+1))(anyOf(notFoundIsZero(tx.Message(key + 1))))
		id := sampleMessage(int(key)).Identity
		put("by identity " + id)(anyOf(notFoundIsZero(tx.MessageByIdentity(id))))
		put("references " + id)(anyOf(tx.ReferencedBy(id)))
	}
	for f := range FolderID(3) {
		put(fmt.Sprintf("uids %d", f))(anyOf(tx.UIDs(f)))
		put(fmt.Sprintf("keys %d", f))(anyOf(tx.FolderKeys(f)))
		total, unread := tx.FolderCounts(f)
		put(fmt.Sprintf("counts %d", f))([2]int{total, unread}, nil)
	}
	for _, state := range []State{"", Waiting, Tracked, Failed} {
		put("state " + string(state))(anyOf(tx.KeysByState(state, 0)))
	}
	put("counts")(tx.Counts(), tx.err)
	for _, kind := range []Kind{KindAccount, KindContact, KindEmail} {
		var rs []Record
		err := tx.Records(kind, func(r Record) bool { rs = append(rs, r); return true })
		put("records "+string(kind))(rs, err)
		put("cursor " + string(kind))(anyOf(tx.CRMCursor(kind)))
		for _, r := range rs {
			put("regarding " + r.ID)(anyOf(tx.RecordsRegarding(r.Ref)))
			put("link of " + r.ID)(anyOf(notFoundIsZero(tx.LinkByRecord(r.Ref))))
		}
	}
	put("by address")(anyOf(tx.RecordsByAddress("jana.novakova.1@moravia-tools.example")))
	root, _ := Conversation(sampleThread)
	put("messages by thread")(tx.KeysByThread(root), tx.err)
	put("messages by token")(tx.KeysByToken("CRM:0017001"), tx.err)
	put("emails by thread")(anyOf(tx.EmailByThread(root)))
	put("by token")(anyOf(tx.EmailByToken("CRM:0017")))
	put("email by identity")(anyOf(tx.EmailByIdentity(sampleMessage(1).Identity)))
	var links []Link
	put("links")(links, tx.Links(func(l Link) bool { links = append(links, l); return true }))
	all["links"] = links
	put("changes")(anyOf(tx.Changes(0)))
	put("ready")(anyOf(tx.Ready(testClock().Add(time.Hour), 0)))
	put("lane")(anyOf(tx.Lane("email:1")))
	put("changes for")(anyOf(tx.ChangesFor(2)))
	put("set aside")(anyOf(tx.SetAsides()))
	put("activities")(anyOf(tx.Activities(0)))
	put("drafts")(anyOf(tx.Drafts()))
	readItems(tx, contact1, put)
	var u User
	_, err := tx.Setting("user", &u)
	put("user")(u, err)
	return all, errors.Join(errs...)
}

func anyOf[T any](v T, err error) (any, error) { return v, err }

func notFoundIsZero[T any](v T, err error) (T, error) {
	if isNotFound(err) {
		var zero T
		return zero, nil
	}
	return v, err
}
