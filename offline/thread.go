package offline

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

const (
	// threadRoot is the length of the header of a conversation index: one byte,
	// five of the time and a GUID; each answer adds a block of five bytes
	// ([MS-OXOMSG] section 2.2.1.3).
	threadRoot = 22
	// maxThread is more than any mail program writes: 400 answers in a row.
	maxThread = 4096
)

// Conversation reads a conversation index: the base64 of a Thread-Index header,
// with or without padding, or the hexadecimal in which a CRM keeps it. root is
// what all messages of the conversation have in common, 44 digits in upper hex;
// answer tells that the index is not of the message that began it. root "": it is
// no conversation index.
func Conversation(threadIndex string) (root string, answer bool) {
	s := strings.TrimSpace(threadIndex)
	if len(s) < base64.RawStdEncoding.EncodedLen(threadRoot) || len(s) > maxThread {
		return "", false
	}
	// Hexadecimal first: base64 that has these 44 digits only does not occur.
	b, err := hex.DecodeString(s)
	if err != nil || len(b) < threadRoot {
		b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	}
	if err != nil || len(b) < threadRoot {
		return "", false
	}
	return strings.ToUpper(hex.EncodeToString(b[:threadRoot])), len(b) > threadRoot
}

const (
	// minNumber is how many digits in a row a subject must have to be found by
	// them. Tokens have seven unless the organization changed that; years and the
	// most of other numbers have fewer.
	minNumber  = 5
	maxNumbers = 3 // of one subject, the last ones
)

// longNumbers are the last distinct runs of minNumber and more digits in s.
func longNumbers(s string) (found []string) {
	for end := len(s); end > 0 && len(found) < maxNumbers; {
		if s[end-1] < '0' || s[end-1] > '9' {
			end--
			continue
		}
		at := end - 1
		for at > 0 && s[at-1] >= '0' && s[at-1] <= '9' {
			at--
		}
		if run := s[at:end]; len(run) >= minNumber && !slices.Contains(found, run) {
			found = append(found, run)
		}
		end = at
	}
	return found
}

// conversationRows are the index rows by which the messages of one conversation
// find each other where In-Reply-To and References don't tell. They are among the
// references, whose pages a scan changes anyway: in a table of their own they
// would cost the first scan a third of its speed.
func (tx *Tx) conversationRows(rows []indexRow, m *Message, k []byte) []indexRow {
	if root, _ := Conversation(m.ThreadIndex); root != "" {
		h := tx.sc.mac.of(macThread, root)
		rows = append(rows, indexRow{bReferences, join(h[:], k), nil})
	}
	for _, n := range longNumbers(m.Subject) {
		h := tx.sc.mac.of(macNumber, n)
		rows = append(rows, indexRow{bReferences, join(h[:], k), nil})
	}
	return rows
}

// KeysByThread returns the messages of a conversation, by key. root is what
// Conversation returns.
func (tx *Tx) KeysByThread(root string) []uint64 {
	if root == "" {
		return nil
	}
	h := tx.sc.mac.of(macThread, root)
	return tx.suffixes(bReferences, h[:])
}

// KeysByToken returns the messages whose subject may bear a tracking token: it has
// the token's number among its last ones. The caller looks closer. A token with
// fewer than five digits finds nothing.
func (tx *Tx) KeysByToken(token string) []uint64 {
	n := longNumbers(token)
	if len(n) == 0 {
		return nil
	}
	h := tx.sc.mac.of(macNumber, n[0])
	return tx.suffixes(bReferences, h[:])
}

// EmailByThread returns the email records of a conversation.
func (tx *Tx) EmailByThread(root string) ([]Record, error) {
	if root == "" {
		return nil, nil
	}
	return tx.recordsBy(bRecToken, macThread, root)
}

// threadRecordRows is the index row of an email that is of a conversation.
func (tx *Tx) threadRecordRows(r *Record, k []byte) []indexRow {
	if r.Email == nil {
		return nil
	}
	root, _ := Conversation(r.Email.Thread)
	if root == "" {
		return nil
	}
	h := tx.sc.mac.of(macThread, root)
	return []indexRow{{in: bRecToken, key: join(h[:], k)}}
}

// indexConversations puts all messages and emails into the indexes of schema 2. A
// row that can't be read is passed over: whoever reads it is told.
func (tx *Tx) indexConversations() error {
	var rows []indexRow
	tx.scan(bMessages, nil, func(k, _ []byte) bool {
		k = bytes.Clone(k)
		if m, ok, err := tx.message(k); ok && err == nil {
			rows = tx.conversationRows(rows, &m, k)
		}
		return true
	})
	tx.scan(bRecords, tx.kindKey(KindEmail), func(k, v []byte) bool {
		k = bytes.Clone(k)
		if r, err := tx.openRecord(k, v); err == nil {
			rows = append(rows, tx.threadRecordRows(&r, k)...)
		}
		return true
	})
	slices.SortFunc(rows, func(a, b indexRow) int { return cmp.Or(int(a.in)-int(b.in), bytes.Compare(a.key, b.key)) })
	for _, r := range rows {
		if err := tx.put(r.in, r.key, r.value); err != nil {
			return err
		}
	}
	return tx.err
}
