package compose

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// NewIdentity chooses a Message-ID with <> of 128 random bits and a domain, the
// user's own (RFC 5322 section 3.6.4). A domain that can't stand there gives way
// to one that is nobody's.
func NewIdentity(domain string, random io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("choose a Message-ID: %w", err)
	}
	return IdentityOf(hex.EncodeToString(b), domain), nil
}

// IdentityOf is the Message-ID with <> of a name that is unique already.
func IdentityOf(name, domain string) string {
	if d, err := wireDomain(strings.TrimSpace(domain)); err == nil && d[0] != '[' {
		domain = strings.ToLower(d)
	} else {
		domain = "postrider.invalid"
	}
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && isAtext(byte(r)) || r == '.' {
			return r
		}
		return '-'
	}, name)
	return "<" + name + "@" + domain + ">"
}

// A Thread-Index (MS-OXOMSG section 2.2.1.3) is a header of 22 bytes, the same
// in a whole conversation (0x01, a time, a GUID), and 5 bytes for each answer.
const (
	indexRoot  = 22
	indexChild = 5
	maxIndex   = indexRoot + 200*indexChild // an answer to a longer one begins its list of answers anew
)

// NewThreadIndex is the index of the first message of a conversation, in base64.
func NewThreadIndex(now time.Time, random io.Reader) (string, error) {
	b := binary.BigEndian.AppendUint64(nil, fileTime(now))[:6] // its first byte is 0x01 until the year 2057
	b[0] = 1
	b = append(b, make([]byte, 16)...)
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("choose a thread index: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// ChildThreadIndex is the index of an answer to a message that has the index
// parent; a parent that makes no sense begins a conversation.
func ChildThreadIndex(parent string, now time.Time, random io.Reader) (string, error) {
	b, err := decodeIndex(parent)
	if err != nil || len(b) < indexRoot {
		return NewThreadIndex(now, random)
	}
	if b = b[:len(b)-(len(b)-indexRoot)%indexChild]; len(b)+indexChild > maxIndex {
		b = b[:indexRoot]
	}
	r := make([]byte, 1)
	if _, err := io.ReadFull(random, r); err != nil {
		return "", fmt.Errorf("choose a thread index: %w", err)
	}
	var level uint32
	if root, at := indexTime(b), fileTime(now); at > root {
		// The time since the root without its last 18 bits; from 1.7 years on
		// without 23, and the first bit says so.
		if d := at - root; d>>32&0x00FE0000 == 0 {
			level = uint32(d>>18) & 0x7FFFFFFF
		} else {
			level = uint32(d>>23)&0x7FFFFFFF | 0x80000000
		}
	}
	b = append(binary.BigEndian.AppendUint32(b, level), r[0])
	return base64.StdEncoding.EncodeToString(b), nil
}

func decodeIndex(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(s)
}

// indexTime is the time in the root of an index. Older programs write the upper
// six bytes of it, newer ones a 0x01 and the upper five; the upper byte itself
// is 0x01 for all times that matter, so the second byte tells.
func indexTime(b []byte) uint64 {
	if b[1] == 1 {
		return uint64(b[1])<<56 | uint64(b[2])<<48 | uint64(b[3])<<40 | uint64(b[4])<<32 | uint64(b[5])<<24
	}
	return uint64(b[0])<<56 | uint64(b[1])<<48 | uint64(b[2])<<40 | uint64(b[3])<<32 | uint64(b[4])<<24 | uint64(b[5])<<16
}

// fileTime counts 100 ns from 1601 on.
func fileTime(t time.Time) uint64 {
	const toUnix = 11644473600
	return uint64(t.Unix()+toUnix)*1e7 + uint64(t.Nanosecond()/100)
}
