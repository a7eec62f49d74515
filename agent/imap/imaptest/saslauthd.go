package imaptest

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// serveSaslauthd answers on a socket as Cyrus SASL's saslauthd does: four
// counted strings (user, password, service, realm) come, one counted string
// goes back, which begins with OK or NO. There are all users, with one password.
// It stops when the returned function is
// called.
func serveSaslauthd(t testing.TB, path, password string) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(10 * time.Second))
				var said [4]string
				for i := range said {
					if said[i], err = counted(c); err != nil {
						return
					}
				}
				answer := "NO"
				if said[1] == password {
					answer = "OK"
				}
				_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			})
		}
	})
	return func() {
		_ = l.Close()
		wg.Wait()
	}
}

func counted(r io.Reader) (string, error) {
	var n [2]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return "", err
	}
	b := make([]byte, binary.BigEndian.Uint16(n[:]))
	_, err := io.ReadFull(r, b)
	return string(b), err
}
