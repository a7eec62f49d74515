package offline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// writeForEver writes batches of every kind and prints, after each commit, how
// many there were. What a batch holds follows from its number, which is stored
// in the same transaction.
func writeForEver(s *Store) error {
	n := 0
	err := s.View(func(tx *Tx) error { _, err := tx.Setting("batches", &n); return err })
	if err != nil {
		return err
	}
	for ; ; n++ {
		if err := s.Update(func(tx *Tx) error { return writeBatch(tx, n) }); err != nil {
			return err
		}
		if _, err := s.PutBody(uint64(n%50+1), strings.NewReader(strings.Repeat(fmt.Sprintf("body %d ", n), 20_000))); err != nil {
			return err
		}
		fmt.Println(n + 1)
	}
}

const batchMessages = 40

func writeBatch(tx *Tx, n int) error {
	ms := sampleMessages(n*batchMessages, batchMessages)
	if err := tx.AddMessages(ms); err != nil {
		return err
	}
	if n > 0 {
		// Half of the batch before is decided, one of it is deleted.
		for key := uint64((n-1)*batchMessages + 1); key <= uint64((n-1)*batchMessages+batchMessages/2); key++ {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			m.Track = Tracking{State: Tracked, Since: testClock(), Record: Ref{KindEmail, fmt.Sprint(key)}}
			if err := errors.Join(tx.PutMessage(&m), tx.PutLink(&Link{Item: key, Record: m.Track.Record})); err != nil {
				return err
			}
		}
		if err := tx.DeleteMessage(uint64(n * batchMessages)); err != nil {
			return err
		}
	}
	c := Change{Lane: fmt.Sprint("lane ", n%7), Op: OpCreateEmail, Item: ms[0].Key}
	if err := tx.Enqueue(&c); err != nil {
		return err
	}
	if n%2 == 1 {
		if err := tx.DropChange(c.ID - 1); err != nil {
			return err
		}
	}
	return errors.Join(
		tx.PutRecord(&Record{Ref: Ref{KindContact, fmt.Sprint(n % 100)}, Name: fmt.Sprint(n), Addrs: []string{fmt.Sprintf("a%d@x", n)}}),
		tx.PutSetAside(&SetAside{Folder: 1, UID: uint32(n%5 + 1), Reason: "r"}),
		tx.Log(Activity{What: "batch", Text: fmt.Sprint(n)}),
		tx.PutSetting("batches", n+1))
}

// A process is killed again and again while it writes. What it was told is
// stored is there each time, what wasn't is there whole or not at all, and
// everything agrees.
func TestKillingTheWriterLosesNothingThatWasStored(t *testing.T) {
	dir := t.TempDir()
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	for round := range rounds {
		told := killWriter(t, dir)
		s, err := Open(dir, testKey(), testOptions(t))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := s.Check(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		n := 0
		view(t, s, func(tx *Tx) {
			if _, err := tx.Setting("batches", &n); err != nil {
				t.Error(err)
			}
			if n < told || n > told+1 {
				t.Errorf("round %d: %d batches, but %d were reported", round, n, told)
			}
			want := Counts{Seen: n*batchMessages - max(n-1, 0) + min(n, 5), Tracked: max(n-1, 0) * batchMessages / 2, Failed: min(n, 5)}
			want.Waiting = want.Seen - want.Tracked - want.Failed
			if c := tx.Counts(); c != want {
				t.Errorf("round %d: counts %+v, want %+v", round, c, want)
			}
		})
		for key := uint64(1); key <= 50; key++ {
			if b, err := readBody(s, key); err == nil && len(b)%20_000 != 0 || err != nil && !errors.Is(err, ErrNotFound) {
				t.Errorf("round %d: body %d: %d bytes, %v", round, key, len(b), err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWriter lets a process write on, kills it after a random time, and returns
// the number of batches that it reported last.
func killWriter(t *testing.T, dir string) (told int) {
	t.Helper()
	c := child(t, "write", dir)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the writer wrote nothing")
	}
	told, _ = strconv.Atoi(lines.Text())
	kill := time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = c.Process.Kill() })
	defer kill.Stop()
	for lines.Scan() {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			told = n
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil {
		t.Fatal("the writer ended by itself")
	}
	return told
}
