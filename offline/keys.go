package offline

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keySize  = 32
	saltSize = 32 // random per store, so that one key in two profiles gives nothing away
	macSize  = 16 // of an index key: HMAC-SHA256 cut to 128 bits
	overhead = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
)

// NewKey makes a store key: 32 random bytes.
func NewKey() ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, nil
}

// subkeys are what a store derives from its key, one for each purpose, so that
// none can stand in for another. Safe for use by several goroutines.
type subkeys struct {
	values cipher.AEAD // rows
	index  []byte      // HMACs in bucket keys
	bodies []byte      // from which each body file derives its own
	check  []byte      // kept in the store to tell a wrong key from damage
}

// derive computes the sub-keys by HKDF-SHA256 (RFC 5869).
func derive(key, salt []byte) (*subkeys, error) {
	prk, err := hkdf.Extract(sha256.New, key, salt)
	if err != nil {
		return nil, err
	}
	var k subkeys
	var values []byte
	for _, d := range []struct {
		to   *[]byte
		info string
	}{
		{&values, "postrider store: values"},
		{&k.index, "postrider store: index keys"},
		{&k.bodies, "postrider store: bodies"},
		{&k.check, "postrider store: key check"},
	} {
		if *d.to, err = hkdf.Expand(sha256.New, prk, d.info, keySize); err != nil {
			return nil, err
		}
	}
	k.values, err = chacha20poly1305.NewX(values)
	return &k, err
}

// indexMAC computes the index keys. Not for several goroutines at once.
type indexMAC struct {
	h   hash.Hash
	in  []byte
	out [sha256.Size]byte
}

func newIndexMAC(key []byte) *indexMAC { return &indexMAC{h: hmac.New(sha256.New, key)} }

// macDomain keeps the index keys of different things apart: a text that is both
// a token and a name gives two unrelated keys. The numbers are in every store;
// never give one to something else.
type macDomain byte

const (
	macIdentity macDomain = 1 // Message-IDs: of messages, references and email records
	macAddress  macDomain = 2
	macToken    macDomain = 3
	macRef      macDomain = 4
	macKind     macDomain = 5
	macLane     macDomain = 6
	macSetting  macDomain = 7
	macThread   macDomain = 8
	macNumber   macDomain = 9
	macColl     macDomain = 10 // collections by URL
	macHref     macDomain = 11
	macUID      macDomain = 12
)

type macKey [macSize]byte

// of computes the index key of a text made of parts.
func (m *indexMAC) of(d macDomain, parts ...string) (k macKey) {
	m.in = append(m.in[:0], byte(d))
	for i, p := range parts {
		if i > 0 {
			m.in = append(m.in, 0)
		}
		m.in = append(m.in, p...)
	}
	m.h.Reset()
	m.h.Write(m.in)
	copy(k[:], m.h.Sum(m.out[:0]))
	return k
}

// nonces hands out random bytes, asked of the system a few hundred at a time.
type nonces struct {
	buf  [64 * chacha20poly1305.NonceSizeX]byte
	left int
}

func (n *nonces) next() []byte {
	if n.left == 0 {
		rand.Read(n.buf[:]) // never fails (crypto/rand)
		n.left = len(n.buf)
	}
	b := n.buf[len(n.buf)-n.left:][:chacha20poly1305.NonceSizeX]
	n.left -= len(b)
	return b
}
