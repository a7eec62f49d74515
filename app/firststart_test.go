package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postrider/offline"
)

// pocket keeps secrets in memory, for several profiles at once.
type pocket struct {
	mu   sync.Mutex
	held map[string]string
}

type pocketOf struct {
	*pocket
	id string
}

func (p pocketOf) Get(name string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.held[p.id+name]; ok {
		return s, nil
	}
	return "", errNoSecret
}

func (p pocketOf) Set(name, value string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[p.id+name] = value
	return nil
}

func (p pocketOf) Delete(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, p.id+name)
	return nil
}

// Each that makes a key of its own would have the keyring keep another one than
// the store has: nothing in it could be read at the next start.
func TestManyFirstStartsAtOnceMakeOneKeyThatOpensTheStore(t *testing.T) {
	home, secrets := t.TempDir(), &pocket{held: map[string]string{}}
	start := func() (*Profile, error) {
		p := &Profile{Home: home, Config: &Config{}}
		_, _, err := p.openStore(t.Context(), func(id string) Secrets { return pocketOf{secrets, id} })
		return p, err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []*Profile
	for range 8 {
		wg.Go(func() {
			p, err := start()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				open = append(open, p)
			} else if !strings.Contains(err.Error(), "another Postrider") && !strings.Contains(err.Error(), "in use") {
				t.Errorf("a start that came second: %v", err)
			}
		})
	}
	wg.Wait()
	if len(open) != 1 || len(secrets.held) != 1 {
		t.Errorf("%d opened the store, %d secrets are kept", len(open), len(secrets.held))
	}
	for _, p := range open {
		if err := p.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting("x", 1) }); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	again, err := start()
	if err != nil {
		t.Fatalf("the next start: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestAProfileIDThatAFullDiskLeftEmptyIsMadeAnew(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "profile.id")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	id, err := profileID(home)
	if err != nil || id == "" {
		t.Fatalf("%q, %v", id, err)
	}
	if again, err := profileID(home); err != nil || again != id {
		t.Errorf("%q, then %q, %v", id, again, err)
	}
	if files, _ := os.ReadDir(home); len(files) != 1 {
		t.Errorf("%v is left", files)
	}
}

func TestWaitingForAnotherFirstStartCanBeCancelled(t *testing.T) {
	home := t.TempDir()
	unlock, err := lockStart(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lockStart(ctx, home); err == nil {
		t.Error("two hold it")
	}
	unlock()
	unlock, err = lockStart(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}
