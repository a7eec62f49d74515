package offline

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// A body file is a magic, a random salt, and chunks of 64 KiB of text, each
// sealed with ChaCha20-Poly1305 under a key made from the salt and the message's
// number. The nonce counts the chunks and says which is the last one, so that
// chunks can't be cut off, repeated or exchanged, nor files. (The construction
// is STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, 2015.)
const (
	streamMagic = "PRBODY1\n"
	streamSalt  = 32
	streamChunk = 64 << 10
)

// errStream says that a body file isn't what was written.
var errStream = errors.New("cut short or altered since it was written")

func streamAEAD(bodies, salt []byte, name string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, bodies, salt, "postrider body: "+name, keySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.New(key)
}

// streamNonce is the nonce of a chunk: 11 bytes that count, one that says last.
func streamNonce(n uint64, last bool) []byte {
	nonce := make([]byte, chacha20poly1305.NonceSize)
	binary.BigEndian.PutUint64(nonce[3:], n)
	if last {
		nonce[11] = 1
	}
	return nonce
}

// encrypt copies r to w, sealed, and returns how many bytes r had. name is what
// the file is of; it must be given again to read it.
func encrypt(w io.Writer, r io.Reader, bodies []byte, name string) (size int64, err error) {
	salt := make([]byte, streamSalt)
	if _, err := rand.Read(salt); err != nil {
		return 0, err
	}
	aead, err := streamAEAD(bodies, salt, name)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(append([]byte(streamMagic), salt...)); err != nil {
		return 0, err
	}
	// One chunk is read ahead: only then is it known which is the last.
	chunk, ahead := make([]byte, streamChunk), make([]byte, streamChunk)
	sealed := make([]byte, 0, streamChunk+chacha20poly1305.Overhead)
	n, err := readChunk(r, chunk)
	for i := uint64(0); err == nil; i++ {
		var next int
		if n == streamChunk {
			next, err = readChunk(r, ahead)
			if err != nil {
				break
			}
		}
		last := next == 0
		sealed = aead.Seal(sealed[:0], streamNonce(i, last), chunk[:n], nil)
		if _, err := w.Write(sealed); err != nil {
			return size, err
		}
		size += int64(n)
		if last {
			return size, nil
		}
		chunk, ahead, n = ahead, chunk, next
	}
	return size, fmt.Errorf("read the body: %w", err)
}

// readChunk fills b as far as r goes.
func readChunk(r io.Reader, b []byte) (int, error) {
	n, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}

// decrypter reads what encrypt wrote. It gives out nothing that it hasn't
// authenticated, and an error where the end is missing.
type decrypter struct {
	r     io.Reader
	aead  cipher.AEAD
	n     uint64
	in    []byte // sealed: this chunk, and the byte after it, if there is one
	have  int
	plain []byte // opened and not read yet
	buf   []byte
	err   error
}

func decrypt(r io.Reader, bodies []byte, name string) (io.Reader, error) {
	head := make([]byte, len(streamMagic)+streamSalt)
	if _, err := io.ReadFull(r, head); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errStream
		}
		return nil, err
	}
	magic, salt := head[:len(streamMagic)], head[len(streamMagic):]
	if !bytes.Equal(magic, []byte(streamMagic)) {
		return nil, errStream
	}
	aead, err := streamAEAD(bodies, salt, name)
	if err != nil {
		return nil, err
	}
	return &decrypter{r: r, aead: aead,
		in:  make([]byte, streamChunk+chacha20poly1305.Overhead+1),
		buf: make([]byte, 0, streamChunk)}, nil
}

func (d *decrypter) Read(p []byte) (int, error) {
	for len(d.plain) == 0 && d.err == nil {
		d.plain, d.err = d.next()
	}
	if len(d.plain) == 0 {
		return 0, d.err
	}
	n := copy(p, d.plain)
	d.plain = d.plain[n:]
	return n, nil
}

// next opens the next chunk; with the last one the error is io.EOF.
func (d *decrypter) next() ([]byte, error) {
	n, err := readChunk(d.r, d.in[d.have:])
	if err != nil {
		return nil, err
	}
	d.have += n
	last := d.have < len(d.in)
	sealed := d.in[:d.have]
	if !last {
		sealed = d.in[:len(d.in)-1]
	}
	plain, err := d.aead.Open(d.buf[:0], streamNonce(d.n, last), sealed, nil)
	if err != nil || last && len(plain) == 0 && d.n > 0 {
		return nil, errStream
	}
	d.n++
	if last {
		return plain, io.EOF
	}
	d.in[0] = d.in[len(d.in)-1]
	d.have = 1
	return plain, nil
}
