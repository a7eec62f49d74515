package offline

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Everything kept is encrypted: neither the files' bytes nor their names give
// away what was put in.
func TestTheFilesHoldNoneOfTheTexts(t *testing.T) {
	dir, _ := populated(t)
	secrets := []string{ // five characters at least: shorter ones are there by chance
		"Nováková", "novakova", "moravia", "Svoboda", "adventure-works", "purchasing",
		"torque", "Offer", "mail.moravia", "start-of-thread", "CRM:0017", "8f1b6f3a", "INBOX",
		"multipart", "the reason", "header has no end", "Tracked Re", "org.example", "email:2", "create-email",
		"contact", "account", "opportunity", `"user"`, "token", "filter", "Dear Mr",
		"VCARD", "Johana", "Janina", "uid-of", "dav.example", "people", "put-item", "org1",
	}
	texts := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		texts["the name of "+path] = []byte(rel)
		texts[path] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) < 4 {
		t.Fatalf("only %d files", len(texts)/2)
	}
	for name, b := range texts {
		// The names of the tables are in clear; they are the same in every store.
		for _, table := range bucketNames {
			b = bytes.ReplaceAll(b, []byte(table), nil)
		}
		lower := bytes.ToLower(b)
		for _, secret := range secrets {
			if bytes.Contains(lower, []byte(strings.ToLower(secret))) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}
}

func TestTheFilesAreTheUsersOwn(t *testing.T) {
	if os.PathSeparator == '\\' {
		return // Windows has no such modes; the profile folder's rights decide
	}
	dir := filepath.Join(t.TempDir(), "profile")
	s := openAt(t, dir)
	if _, err := s.PutBody(1, strings.NewReader("body")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// One text gives different index keys in different tables and different stores.
func TestIndexKeysTellNothingAcrossTablesAndStores(t *testing.T) {
	a, b := openNew(t), openNew(t)
	ka, kb := newIndexMAC(a.keys.index), newIndexMAC(b.keys.index)
	seen := map[macKey]bool{}
	for _, m := range []*indexMAC{ka, kb} {
		for d := macIdentity; d <= macSetting; d++ {
			seen[m.of(d, "text")] = true
		}
	}
	if len(seen) != 14 {
		t.Errorf("%d different keys, want 14", len(seen))
	}
	if ka.of(macRef, "a", "bc") == ka.of(macRef, "ab", "c") {
		t.Error("the parts of a text run into one another")
	}
}
