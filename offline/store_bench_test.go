package offline

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"testing"
	"time"
)

// sampleMessage is a message as a scan brings it, with headers of usual length.
func sampleMessage(i int) Message {
	date := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).Add(-time.Duration(i) * 7 * time.Minute)
	m := Message{
		Identity: fmt.Sprintf("<CAF%08x.%d.Qb7sXh9kQn2@mail.moravia-tools.example>", i*2654435761, i),
		From:     []Address{{Name: fmt.Sprintf("Jana Nováková %d", i%700), Addr: fmt.Sprintf("jana.novakova.%d@moravia-tools.example", i%700)}},
		To:       []Address{{Name: "Petr Svoboda", Addr: "petr.svoboda@adventure-works.example"}, {Addr: "sales@adventure-works.example"}},
		Cc:       []Address{{Name: "Purchasing", Addr: "purchasing@moravia-tools.example"}},
		Subject:  fmt.Sprintf("Re: Offer %d for 200 torque wrenches, second revision", 4000+i/5),
		Date:     date, Received: date.Add(3 * time.Second),
		ContentType: "multipart/alternative", Size: 5000 + int64(i%3000),
		Places: []Place{{Folder: FolderID(1 + i%2), UID: uint32(100000 - i), Flags: []string{`\Seen`}}},
	}
	if i%3 > 0 {
		parent := fmt.Sprintf("<CAF%08x.%d.Qb7sXh9kQn2@mail.moravia-tools.example>", (i-1)*2654435761, i-1)
		m.InReplyTo = []string{parent}
		m.References = []string{fmt.Sprintf("<start-of-thread-%d@moravia-tools.example>", i/3), parent}
	}
	return m
}

func sampleMessages(from, n int) []Message {
	ms := make([]Message, n)
	for i := range ms {
		ms[i] = sampleMessage(from + i)
	}
	return ms
}

// fill stores n sample messages in batches.
func fill(b testing.TB, s *Store, n, batch int) {
	for at := 0; at < n; at += batch {
		ms := sampleMessages(at, min(batch, n-at))
		if err := s.Update(func(tx *Tx) error { return tx.AddMessages(ms) }); err != nil {
			b.Fatal(err)
		}
	}
}

func benchStore(b *testing.B, messages int) *Store {
	b.Helper()
	s, err := Open(b.TempDir(), make([]byte, keySize), OpenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	fill(b, s, messages, 1000)
	return s
}

// threadIndex makes the conversation index of a message, of conversations of three.
func threadIndex(i int) string {
	b := append([]byte{1}, fmt.Sprintf("%021d", i/9)...)
	for range i / 3 % 3 {
		b = append(b, 1, 2, 3, 4, 5)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// BenchmarkFirstScan stores 20,000 new messages.
func BenchmarkFirstScan(b *testing.B) {
	for _, batch := range []int{500, 1000} {
		b.Run(fmt.Sprintf("batches of %d", batch), func(b *testing.B) {
			const n = 20_000
			all := sampleMessages(0, n)
			for i := range all {
				if i%3 == 0 { // as many people write with Outlook
					all[i].ThreadIndex = threadIndex(i)
				}
			}
			for b.Loop() {
				b.StopTimer()
				s := benchStore(b, 0)
				b.StartTimer()
				for at := 0; at < n; at += batch {
					if err := s.Update(func(tx *Tx) error { return tx.AddMessages(all[at : at+batch]) }); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkDecide gives 20,000 undecided messages their state, one by one in
// transactions of 500.
func BenchmarkDecide(b *testing.B) {
	const n = 20_000
	states := []State{Untracked, Tracked}
	s := benchStore(b, n)
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	round := 0
	for b.Loop() {
		for key := uint64(1); key <= n; key += 500 {
			err := s.Update(func(tx *Tx) error {
				for k := key; k < key+500; k++ {
					m, err := tx.Message(k)
					if err != nil {
						return err
					}
					m.Track = Tracking{State: states[round%2], Since: now, Cause: CauseReply}
					if err := tx.PutMessage(&m); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		round++
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkMessage(b *testing.B) {
	s := benchStore(b, 20_000)
	i := uint64(0)
	_ = s.View(func(tx *Tx) error {
		for b.Loop() {
			i = i*6364136223846793005 + 1442695040888963407
			if _, err := tx.Message(1 + i>>33%20_000); err != nil {
				b.Fatal(err)
			}
		}
		return nil
	})
}

func BenchmarkFolderKeys(b *testing.B) {
	s := benchStore(b, 20_000)
	for _, f := range []FolderID{0, 1} {
		b.Run(fmt.Sprintf("folder %d", f), func(b *testing.B) {
			for b.Loop() {
				_ = s.View(func(tx *Tx) error {
					keys, err := tx.FolderKeys(f)
					if err != nil || len(keys) == 0 {
						b.Fatal(len(keys), err)
					}
					return nil
				})
			}
		})
	}
}

// BenchmarkOpen is the start of the program with 20,000 messages.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s, err := Open(dir, make([]byte, keySize), OpenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, s, 20_000, 1000)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(dir, make([]byte, keySize), OpenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReady asks for what can be pushed while 10,000 changes wait, each in
// a lane of its own.
func BenchmarkReady(b *testing.B) {
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		make func(i int) Change
	}{
		{"none is due", func(i int) Change { return Change{NotBefore: now.Add(time.Hour)} }},
		{"all are due", func(i int) Change { return Change{NotBefore: now.Add(-time.Duration(i))} }},
		{"all are parked", func(i int) Change { return Change{Parked: true} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := benchStore(b, 0)
			err := s.Update(func(tx *Tx) error {
				for i := range 10_000 {
					ch := c.make(i)
					ch.Lane, ch.Op = fmt.Sprintf("email:%d", i), OpCreateEmail
					if err := tx.Enqueue(&ch); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				_ = s.View(func(tx *Tx) error {
					if _, err := tx.Ready(now, 100); err != nil {
						b.Fatal(err)
					}
					return nil
				})
			}
		})
	}
}

func BenchmarkPutRecords(b *testing.B) {
	s := benchStore(b, 0)
	n := 0
	for b.Loop() {
		err := s.Update(func(tx *Tx) error {
			for range 500 {
				r := Record{Ref: Ref{KindContact, fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n)}, Name: "Jana Nováková",
					Addrs: []string{fmt.Sprintf("jana.%d@moravia-tools.example", n)}, Parent: Ref{KindAccount, "a"},
					Active: true, ETag: `W/"123456"`, Fields: Fields{"title": "Head of Purchasing", "phone": "+420 123 456 789"}}
				n++
				if err := tx.PutRecord(&r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkRecords(b *testing.B) {
	s := benchStore(b, 0)
	_ = s.Update(func(tx *Tx) error {
		for n := range 10_000 {
			r := Record{Ref: Ref{KindContact, fmt.Sprint(n)}, Name: "Jana Nováková", Addrs: []string{"jana@moravia-tools.example"},
				Fields: Fields{"title": "Head of Purchasing", "phone": "+420 123 456 789"}}
			if err := tx.PutRecord(&r); err != nil {
				b.Fatal(err)
			}
		}
		return nil
	})
	for b.Loop() {
		_ = s.View(func(tx *Tx) error { return tx.Records(KindContact, func(Record) bool { return true }) })
	}
}

func BenchmarkBody(b *testing.B) {
	s := benchStore(b, 0)
	const size = 25 << 20
	body := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	b.Run("put 25 MB", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.PutBody(1, bytes.NewReader(body)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read 25 MB", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			r, err := s.Body(1)
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r); err != nil || n != size {
				b.Fatal(n, err)
			}
			_ = r.Close()
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	s := benchStore(b, 20_000)
	for b.Loop() {
		if err := s.Check(); err != nil {
			b.Fatal(err)
		}
	}
}
