package offline

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

var freeze = flag.Bool("freeze", false, "make testdata/schema-N of the newest schema, where it isn't there yet")

// The stores under testdata/schema-N were made by the program when that schema
// was the newest. A copy of each must open, come to the newest schema, agree in
// all its parts, and hold what was put in, which is in content.json. They are
// never made again.
func TestStoresOfEverySchemaOpenAndHoldEverything(t *testing.T) {
	newest := filepath.Join("testdata", fmt.Sprintf("schema-%d", len(migrations())))
	if _, err := os.Stat(newest); os.IsNotExist(err) {
		if !*freeze {
			t.Fatalf("%s is missing: go test ./offline -run %s -freeze", newest, t.Name())
		}
		freezeStore(t, newest)
	}
	frozen, err := filepath.Glob("testdata/schema-*")
	if err != nil || len(frozen) != len(migrations()) {
		t.Fatalf("frozen stores: %v, %v; want one of each of %d schemas", frozen, err, len(migrations()))
	}
	for _, from := range frozen {
		t.Run(filepath.Base(from), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			var content map[string]any
			s := openAt(t, dir)
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			view(t, s, func(tx *Tx) { content = must[map[string]any](t)(readAll(tx)) })
			if b, err := readBody(s, 2); err != nil || len(b) == 0 {
				t.Errorf("the body: %q, %v", b, err)
			}
			var want, got map[string]any
			decode(t, filepath.Join(from, "content.json"), &want)
			b, err := json.Marshal(content)
			if err == nil {
				err = json.Unmarshal(b, &got)
			}
			if err != nil {
				t.Fatal(err)
			}
			for name, w := range want {
				if !holds(got[name], w) {
					t.Errorf("%s:\n got %v\nwant %v", name, got[name], w)
				}
			}
		})
	}
}

// holds tells whether got is want, save fields that the types have since.
func holds(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		for name, w := range want {
			ok = ok && holds(got[name], w)
		}
		return ok
	case []any:
		got, ok := got.([]any)
		ok = ok && len(got) == len(want)
		for i := range want {
			ok = ok && holds(got[i], want[i])
		}
		return ok
	}
	return got == want
}

func decode(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// freezeStore makes a populated store, compact, and the list of its content.
func freezeStore(t *testing.T, to string) {
	t.Helper()
	dir, content := populated(t)
	b, err := json.Marshal(content)
	if err == nil {
		err = os.MkdirAll(to, 0o755)
	}
	if err == nil {
		err = os.CopyFS(to, os.DirFS(dir))
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "content.json"), b, 0o644)
	}
	if err == nil {
		err = os.Truncate(filepath.Join(to, storeFile), int64(inUseBytes(t, filepath.Join(to, storeFile))))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestANewerSchemaIsRefusedWhateverTheKey(t *testing.T) {
	dir := t.TempDir()
	o := testOptions(t)
	o.testOnlyMigrations = append(migrations(), func(tx *bbolt.Tx, _ []byte) error {
		_, err := tx.CreateBucket([]byte("of a later version"))
		return err
	})
	s, err := Open(dir, testKey(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, testKey(), testOptions(t), ErrNewer)
	refused(t, dir, make([]byte, keySize), testOptions(t), ErrNewer)
}

func TestMigrationsRunOnceAndAllOrNothing(t *testing.T) {
	dir, content := populated(t)
	ran := 0
	step := func(tx *bbolt.Tx, key []byte) error {
		ran++
		return tx.Bucket([]byte("settings")).Put([]byte("trace"), key)
	}
	fail := func(*bbolt.Tx, []byte) error { return os.ErrInvalid }
	o := testOptions(t)
	o.testOnlyMigrations = append(migrations(), step, fail)
	if s, err := Open(dir, testKey(), o); err == nil {
		_ = s.Close()
		t.Fatal("opened though a migration failed")
	}
	s := openAt(t, dir) // still of the first schema: no trace of the first step
	view(t, s, func(tx *Tx) {
		if tx.has(bSettings, []byte("trace")) {
			t.Error("half migrated")
		}
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.testOnlyMigrations = append(migrations(), step)
	for range 2 {
		s, err := Open(dir, testKey(), o)
		if err != nil {
			t.Fatal(err)
		}
		view(t, s, func(tx *Tx) {
			if got := must[map[string]any](t)(readAll(tx)); len(got) != len(content) {
				t.Error("content got lost")
			}
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if ran != 2 { // once in the one that failed, once for good
		t.Errorf("the migration ran %d times", ran)
	}
}
