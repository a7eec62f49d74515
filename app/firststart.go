package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/lockedfile"

	"postrider/offline"
)

// openStore opens the offline store, and makes it and its key at the first start.
// keep gives what keeps the secrets of the profile with that id.
func (p *Profile) openStore(ctx context.Context, keep func(id string) Secrets) (Secrets, []byte, error) {
	unlock, err := lockStart(ctx, p.Home)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	id, err := profileID(p.Home)
	if err != nil {
		return nil, nil, err
	}
	secrets := keep(id)
	key, err := storeKey(ctx, p.Home, p.Config, secrets)
	if err != nil {
		return nil, nil, err
	}
	if p.Store, err = offline.Open(filepath.Join(p.Home, "store"), key, offline.OpenOptions{Log: p.Log}); err != nil {
		return nil, nil, inUse(err)
	}
	p.closers = append(p.closers, p.Store.Close)
	return secrets, key, nil
}

// profileID is the random name by which the keyring tells profiles apart; made
// where there is none, or an empty one that a full disk left. The caller holds
// the lock of the start.
func profileID(home string) (string, error) {
	path := filepath.Join(home, "profile.id")
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the profile's id: %w", err)
	}
	if id := strings.TrimSpace(string(raw)); id != "" {
		return id, nil
	}
	id := uuid.NewString()
	if err := writeWhole(path, id+"\n"); err != nil {
		return "", fmt.Errorf("write the profile's id: %w", err)
	}
	return id, nil
}

// keyringOf is the keyring's part for a profile, for commands that don't open it.
func keyringOf(ctx context.Context, home string) (*systemKeyring, error) {
	unlock, err := lockStart(ctx, home)
	if err != nil {
		return nil, err
	}
	defer unlock()
	id, err := profileID(home)
	if err != nil {
		return nil, err
	}
	return newKeyring(id), nil
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func storeExists(home string) bool {
	_, err := os.Stat(filepath.Join(home, "store", "store.db"))
	return err == nil
}

// lockStart waits until no other Postrider is making this profile: two first
// starts at once would make two keys, of which the keyring keeps one and the
// store has the other.
func lockStart(ctx context.Context, home string) (unlock func(), err error) {
	type held struct {
		unlock func()
		err    error
	}
	got := make(chan held, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(filepath.Join(home, "start.lock")).Lock()
		got <- held{unlock, err}
	}()
	select {
	case h := <-got:
		if h.err != nil {
			return nil, fmt.Errorf("lock the profile's folder: %w", h.err)
		}
		return h.unlock, nil
	case <-ctx.Done():
		go func() {
			if h := <-got; h.err == nil {
				h.unlock()
			}
		}()
		return nil, ctx.Err()
	}
}

// storeKey returns the key of the offline store: what key_command prints, or
// what the keyring keeps. The first start makes one; a store whose key is
// missing is never given another.
func storeKey(ctx context.Context, home string, cfg *Config, secrets Secrets) ([]byte, error) {
	if cfg.Store.KeyCommand != "" {
		s, err := runSecret(ctx, "[store] key_command", cfg.Store.KeyCommand)
		if err != nil {
			return nil, err
		}
		key, err := parseKey(s)
		if err != nil {
			return nil, fmt.Errorf("[store] key_command: %w", err)
		}
		return key, nil
	}
	s, err := secrets.Get(secretKey)
	if err == nil {
		return parseKey(s)
	}
	if !errors.Is(err, errNoSecret) {
		return nil, fmt.Errorf("%w. Start a keyring (GNOME Keyring, KeePassXC, KWallet), or name a command that prints the key as [store] key_command in %s", err, filepath.Join(home, configFile))
	}
	if storeExists(home) {
		return nil, fmt.Errorf("the keyring has no key for the store in %s; unlock or restore the keyring that this profile was made with. Without the key nothing in it can be read; to begin anew, move that folder away", home)
	}
	key, err := offline.NewKey()
	if err != nil {
		return nil, err
	}
	if err := secrets.Set(secretKey, hex.EncodeToString(key)); err != nil {
		return nil, err
	}
	if back, err := secrets.Get(secretKey); err != nil || back != hex.EncodeToString(key) {
		return nil, fmt.Errorf("the keyring did not keep the store's key: %w", errors.Join(err, errNoKeyring))
	}
	return key, nil
}
