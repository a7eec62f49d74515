package offline

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// Message returns a message, or ErrNotFound.
func (tx *Tx) Message(key uint64) (Message, error) {
	m, ok, err := tx.message(key8(key))
	if err == nil && !ok {
		err = fmt.Errorf("message %d: %w", key, ErrNotFound)
	}
	return m, err
}

func (tx *Tx) message(k []byte) (m Message, ok bool, err error) {
	plain, ok, err := tx.row(bMessages, k, 0)
	if !ok {
		return Message{}, false, err
	}
	if m, err = readMessage(string(plain)); err != nil {
		return Message{}, false, tx.s.damagedRow(bMessages, k, err.Error())
	}
	m.Key = number(k)
	return m, true, nil
}

// MessageByIdentity returns the message of that identity, or ErrNotFound.
func (tx *Tx) MessageByIdentity(identity string) (Message, error) {
	key, ok := tx.KeyByIdentity(identity)
	if !ok {
		return Message{}, fmt.Errorf("message %s: %w", identity, ErrNotFound)
	}
	m, err := tx.Message(key)
	if err == nil && m.Identity != identity || isNotFound(err) {
		h := tx.sc.mac.of(macIdentity, identity)
		return Message{}, tx.s.damagedRow(bIdentities, h[:], "names the wrong message")
	}
	return m, err
}

// KeyByIdentity returns the key of the message of that identity.
func (tx *Tx) KeyByIdentity(identity string) (uint64, bool) {
	h := tx.sc.mac.of(macIdentity, identity)
	key := number(tx.bucket(bIdentities).Get(h[:]))
	return key, key != 0
}

// KeyAt returns the key of the message that lies at uid in f.
func (tx *Tx) KeyAt(f FolderID, uid uint32) (uint64, bool) {
	key := number(tx.bucket(bPlaces).Get(placeKey(f, uid)))
	return key, key != 0
}

// PutMessage stores a message and keeps every index and the counts right. Key 0
// makes it a new one. An identity that another message has is ErrExists; a key
// that isn't there (any more) is ErrNotFound. A place can hold one message only:
// the one that was there before loses it.
func (tx *Tx) PutMessage(m *Message) error {
	if err := tx.write(); err != nil {
		return err
	}
	if m.Key == 0 {
		one := []Message{*m}
		err := tx.AddMessages(one)
		m.Key, m.Places = one[0].Key, one[0].Places
		return err
	}
	k := key8(m.Key)
	old, ok, err := tx.message(k)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("put message %d: %w", m.Key, ErrNotFound)
	}
	if err := tx.checkIdentity(m); err != nil {
		return err
	}
	m.Places = uniquePlaces(m.Places)
	return tx.replace(k, &old, m)
}

// replace puts m where old is and changes the index rows that differ.
func (tx *Tx) replace(k []byte, old, m *Message) error {
	if err := tx.takePlaces(m); err != nil {
		return err
	}
	if err := tx.reindex(old, m); err != nil {
		return err
	}
	tx.countMessage(old, -1)
	tx.countMessage(m, +1)
	tx.notice.message(m.Key)
	return tx.putMessageRow(k, m)
}

func (tx *Tx) putMessageRow(k []byte, m *Message) error {
	w := writer{tx.sc.key[:0]}
	w.message(m)
	tx.sc.key = w.b[:0]
	return tx.putRow(bMessages, k, nil, w.b)
}

// checkIdentity refuses an identity that is empty or another message's.
func (tx *Tx) checkIdentity(m *Message) error {
	if m.Identity == "" {
		return fmt.Errorf("put message %d: it has no identity", m.Key)
	}
	if key, ok := tx.KeyByIdentity(m.Identity); ok && key != m.Key {
		return fmt.Errorf("put message %s: it is message %d: %w", m.Identity, key, ErrExists)
	}
	return nil
}

// takePlaces takes the places of m from other messages that are still there.
func (tx *Tx) takePlaces(m *Message) error {
	for _, p := range m.Places {
		key, taken := tx.KeyAt(p.Folder, p.UID)
		if !taken || key == m.Key {
			continue
		}
		k := key8(key)
		old, ok, err := tx.message(k)
		if err != nil {
			return tx.fail(err)
		}
		if !ok {
			return tx.fail(tx.s.damagedRow(bPlaces, placeKey(p.Folder, p.UID), "names no message"))
		}
		other := old
		other.Places = slices.DeleteFunc(slices.Clone(old.Places), func(q Place) bool {
			return q.Folder == p.Folder && q.UID == p.UID
		})
		if err := tx.replace(k, &old, &other); err != nil {
			return err
		}
	}
	return nil
}

// uniquePlaces returns places sorted by folder and UID, each once.
func uniquePlaces(places []Place) []Place {
	if len(places) < 2 {
		return places
	}
	places = slices.Clone(places)
	slices.SortStableFunc(places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Folder, b.Folder), cmp.Compare(a.UID, b.UID))
	})
	return slices.CompactFunc(places, func(a, b Place) bool { return a.Folder == b.Folder && a.UID == b.UID })
}

// DeleteMessage removes a message and its index rows, and after the commit its
// body. Links and changes that name it stay: they are decisions of their own.
func (tx *Tx) DeleteMessage(key uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	k := key8(key)
	old, ok, err := tx.message(k)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("delete message %d: %w", key, ErrNotFound)
	}
	if err := tx.reindex(&old, nil); err != nil {
		return err
	}
	tx.countMessage(&old, -1)
	tx.notice.message(key)
	tx.dropBodies = append(tx.dropBodies, key)
	return tx.del(bMessages, k)
}

// UIDs returns, sorted, the UIDs in f of messages and of set-aside items.
func (tx *Tx) UIDs(f FolderID) ([]uint32, error) {
	var uids []uint32
	for _, id := range [...]bucketID{bPlaces, bSetAsidePlc} {
		tx.scan(id, folderKey(f), func(k, _ []byte) bool {
			uids = append(uids, binary.BigEndian.Uint32(k[4:]))
			return true
		})
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// KeysByState returns messages in a state, those first that are longest in it;
// with state "" those not decided yet, by key. limit 0: all. Untracked ones are
// most of the mailbox and not indexed: asking for them is an error.
func (tx *Tx) KeysByState(state State, limit int) ([]uint64, error) {
	b, ok := stateByte(state)
	if !ok {
		return nil, fmt.Errorf("messages in state %q are not indexed", state)
	}
	var keys []uint64
	tx.scan(bStates, []byte{b}, func(k, _ []byte) bool {
		keys = append(keys, number(k[len(k)-8:]))
		return len(keys) != limit
	})
	return keys, nil
}

// ReferencedBy returns the messages whose In-Reply-To or References name
// identity, by key.
func (tx *Tx) ReferencedBy(identity string) ([]uint64, error) {
	h := tx.sc.mac.of(macIdentity, identity)
	return tx.suffixes(bReferences, h[:]), nil
}

// stateByte is the state in the keys of bStates; ok is false where a state isn't
// indexed.
func stateByte(s State) (b byte, ok bool) {
	switch s {
	case "":
		return 1, true
	case Waiting:
		return 2, true
	case Tracked:
		return 3, true
	case Failed:
		return 4, true
	}
	return 0, false
}

// stateKey is a message's key in bStates; nil where its state isn't indexed.
func stateKey(m *Message) []byte {
	b, ok := stateByte(m.Track.State)
	if !ok {
		return nil
	}
	since := m.Track.Since
	if m.Track.State == "" {
		since = time.Time{}
	}
	k := append(make([]byte, 0, 21), b)
	k = binary.BigEndian.AppendUint64(k, sortSeconds(since))
	k = binary.BigEndian.AppendUint32(k, uint32(since.Nanosecond()))
	return binary.BigEndian.AppendUint64(k, m.Key)
}

// dateKey is a message's key in bDates: newest first.
func dateKey(f FolderID, date time.Time, key uint64) []byte {
	k := binary.BigEndian.AppendUint32(make([]byte, 0, 20), uint32(f))
	k = binary.BigEndian.AppendUint64(k, math.MaxUint64-sortSeconds(date))
	return binary.BigEndian.AppendUint64(k, math.MaxUint64-key)
}
