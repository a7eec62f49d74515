package offline

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"go.etcd.io/bbolt"
)

// bucketID numbers the buckets of the store file.
type bucketID int

// The buckets, their keys and values. Numbers are big-endian, "row" is an
// encrypted value, H() an HMAC; everything else is in clear.
const (
	bMeta         bucketID = iota // "schema", "salt", "check", "sum": in clear
	bFolders                      // folder 4 -> row
	bMessages                     // key 8 -> row
	bPlaces                       // folder 4, uid 4 -> key 8
	bIdentities                   // H(identity) -> key 8
	bDates                        // folder 4, ^date 8, ^key 8 -> nothing
	bReferences                   // H(identity), key 8 -> nothing; since schema 2 also H(root of a conversation index) and H(long number in the subject)
	bStates                       // state 1, since 12, key 8 -> nothing
	bCounts                       // "counts" -> row
	bRecords                      // H(kind) 4, H(ref) 16 -> listing generation 4, row
	bRecAddress                   // H(address), record 20 -> nothing
	bRecIdentity                  // H(identity), record 20 -> nothing
	bRecToken                     // H(token), record 20 -> nothing; since schema 2 also H(root of a conversation index)
	bRecRegards                   // H(ref), record 20 -> nothing
	bCursors                      // H(kind) -> row
	bListings                     // H(kind) -> row
	bLinks                        // item 8 -> row
	bLinkRecords                  // H(ref), item 8 -> nothing
	bChanges                      // id 8 -> row
	bLanes                        // H(lane), id 8 -> due 8, parked 1
	bHeads                        // due 8, id 8 -> nothing; the first change of each lane that isn't parked
	bItemChanges                  // item 8, id 8 -> nothing
	bSetAside                     // id 8 -> row
	bSetAsidePlc                  // folder 4, uid 4 -> id 8
	bActivity                     // id 8 -> row
	bSettings                     // H(name) -> row
	bDrafts                       // id 8 -> row; since schema 2
	bCollections                  // H(url) -> row; this and what follows since schema 3
	bItems                        // key 8 -> row
	bItemHrefs                    // H(collection, href) -> key 8
	bItemColls                    // H(collection), key 8 -> nothing
	bItemUIDs                     // H(uid), key 8 -> nothing
	bItemRefs                     // H(ref) of its mark and of its tracking, key 8 -> nothing
	bItemLinks                    // item 8 -> row
	bItemLinkRecs                 // H(ref), item 8 -> nothing
	bUndecided                    // item 8, or the key of a record -> nothing
	bConflicts                    // id 8 -> row
	bHeld                         // id 8 -> row
	bTombstones                   // id 8 -> row
	bTombRecords                  // H(ref), id 8 -> nothing
	bucketCount
)

// bucketNames are the names in the file. They are part of what each row is
// sealed with: a row moved to another bucket doesn't open.
var bucketNames = [bucketCount]string{
	"meta", "folders", "messages", "places", "identities", "dates", "references", "states", "counts",
	"records", "record-addresses", "record-identities", "record-tokens", "record-regarding",
	"cursors", "listings", "links", "link-records", "changes", "lanes", "lane-heads", "item-changes",
	"set-aside", "set-aside-places", "activity", "settings", "drafts",
	"collections", "items", "item-hrefs", "item-collections", "item-uids", "item-records", "item-links", "item-link-records",
	"undecided", "conflicts", "held-deletions", "tombstones", "tombstone-records",
}

// keySize is the length of a bucket's keys; 0: they differ.
func (b bucketID) keySize() int {
	return [bucketCount]int{
		bFolders: 4, bMessages: 8, bPlaces: 8, bIdentities: macSize, bDates: 20, bReferences: macSize + 8, bStates: 21,
		bRecords: recordKeySize, bRecAddress: macSize + recordKeySize, bRecIdentity: macSize + recordKeySize,
		bRecToken: macSize + recordKeySize, bRecRegards: macSize + recordKeySize, bCursors: macSize, bListings: macSize,
		bLinks: 8, bLinkRecords: macSize + 8, bChanges: 8, bLanes: macSize + 8, bHeads: 16, bItemChanges: 16,
		bSetAside: 8, bSetAsidePlc: 8, bActivity: 8, bSettings: macSize, bDrafts: 8,
		bCollections: macSize, bItems: 8, bItemHrefs: macSize, bItemColls: macSize + 8, bItemUIDs: macSize + 8, bItemRefs: macSize + 8,
		bItemLinks: 8, bItemLinkRecs: macSize + 8, bUndecided: recordKeySize, bConflicts: 8, bHeld: 8, bTombstones: 8, bTombRecords: macSize + 8,
	}[b]
}

// appended are the buckets whose keys mostly grow: their pages may be filled.
func (b bucketID) appended() bool {
	switch b {
	case bMessages, bPlaces, bDates, bChanges, bActivity, bStates, bDrafts, bItems, bConflicts, bHeld, bTombstones:
		return true
	}
	return false
}

// The rows of bMeta.
const (
	metaSchema = "schema" // version, 4 bytes
	metaSalt   = "salt"
	metaCheck  = "check" // subkeys.check
	metaSum    = "sum"   // SHA-256 of salt and check: tells damage from a wrong key
)

// migration brings a store from the schema before to its own. It runs in the
// transaction of all of them, with a key that was checked (the first one makes
// what is checked).
type migration func(tx *bbolt.Tx, key []byte) error

// migrations: the schema version of a store is how many of these it has been
// through. Append only; what is here has run on users' files.
func migrations() []migration {
	return []migration{firstSchema, trackingSchema, itemsSchema}
}

// firstSchema makes the buckets, the salt and the key check of a new store.
func firstSchema(tx *bbolt.Tx, key []byte) error {
	for _, name := range bucketNames[:bDrafts] {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return err
	}
	k, err := derive(key, salt)
	if err != nil {
		return err
	}
	meta := tx.Bucket([]byte(bucketNames[bMeta]))
	sum := sha256.Sum256(append(salt[:saltSize:saltSize], k.check...))
	return errors.Join(meta.Put([]byte(metaSalt), salt), meta.Put([]byte(metaCheck), k.check), meta.Put([]byte(metaSum), sum[:]))
}

// trackingSchema adds what is written here and waits to be sent, and puts what an
// older store holds into the indexes by which conversations are found.
func trackingSchema(btx *bbolt.Tx, key []byte) error {
	if _, err := btx.CreateBucket([]byte(bucketNames[bDrafts])); err != nil {
		return err
	}
	meta := btx.Bucket([]byte(bucketNames[bMeta]))
	if meta.Get([]byte(metaSchema)) == nil {
		return nil // a new store
	}
	k, err := derive(key, meta.Get([]byte(metaSalt)))
	if err != nil {
		return err
	}
	s := &Store{keys: k}
	s.scratch.New = func() any { return newScratch(k) }
	tx := s.begin(btx, true)
	defer tx.end()
	return tx.indexConversations()
}

// itemsSchema adds appointments, contacts and tasks.
func itemsSchema(btx *bbolt.Tx, _ []byte) error {
	for _, name := range bucketNames[bCollections:] {
		if _, err := btx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

// readMeta returns the store's schema version (0: a new one) and its sub-keys
// after checking the key. It writes nothing.
func readMeta(tx *bbolt.Tx, file string, key []byte, known int) (int, *subkeys, error) {
	meta := tx.Bucket([]byte(bucketNames[bMeta]))
	if meta == nil {
		return 0, nil, damagedFile(file, "it is a bbolt file but not a store of Postrider", nil)
	}
	v := meta.Get([]byte(metaSchema))
	if len(v) != 4 {
		return 0, nil, damagedFile(file, "no schema version", nil)
	}
	version := int(binary.BigEndian.Uint32(v))
	if version > known {
		return 0, nil, newerSchema(file, version, known)
	}
	salt, check := meta.Get([]byte(metaSalt)), meta.Get([]byte(metaCheck))
	if version < 1 || len(salt) != saltSize || len(check) != keySize {
		return 0, nil, damagedFile(file, "no salt or key check", nil)
	}
	if sum := sha256.Sum256(append(salt[:saltSize:saltSize], check...)); !bytes.Equal(sum[:], meta.Get([]byte(metaSum))) {
		return 0, nil, damagedFile(file, "salt or key check altered", nil)
	}
	k, err := derive(key, salt)
	if err != nil {
		return 0, nil, err
	}
	if subtle.ConstantTimeCompare(k.check, check) != 1 {
		return 0, nil, wrongKey(file, "")
	}
	return version, k, nil
}

// migrate runs the migrations from version on, all in one transaction.
func migrate(db *bbolt.DB, key []byte, version int, steps []migration) error {
	return db.Update(func(tx *bbolt.Tx) error {
		for _, step := range steps[version:] {
			if err := step(tx, key); err != nil {
				return err
			}
		}
		v := binary.BigEndian.AppendUint32(nil, uint32(len(steps)))
		return tx.Bucket([]byte(bucketNames[bMeta])).Put([]byte(metaSchema), v)
	})
}
