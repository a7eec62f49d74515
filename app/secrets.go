package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/zalando/go-keyring"
)

// Secrets keeps secrets for a profile. Get returns errNoSecret where there is none.
type Secrets interface {
	Get(name string) (string, error)
	Set(name, value string) error
	Delete(name string) error
}

var (
	errNoSecret  = errors.New("no such secret")
	errNoKeyring = errors.New("the system keyring can't be used")
)

// The names of a profile's secrets.
const (
	secretKey      = "store key"
	secretPassword = "mailbox password"
	secretRefresh  = "crm refresh token"
)

// systemKeyring keeps secrets in the system's keyring. Its calls end at a
// deadline, because an unlock prompt that nobody answers never does, and go one
// at a time.
type systemKeyring struct {
	profile string // tells the profiles of one user apart
	timeout time.Duration
	mu      sync.Mutex
}

const keyringService = "Postrider"

// maxSecret is the longest secret that every system's keyring takes, in bytes
// (Windows Credential Manager).
const maxSecret = 2560

func newKeyring(profile string) *systemKeyring {
	return &systemKeyring{profile: profile, timeout: time.Minute}
}

func (k *systemKeyring) item(name string) string { return k.profile + " " + name }

func (k *systemKeyring) Get(name string) (secret string, err error) {
	err = k.call("read", name, func() (err error) {
		secret, err = keyring.Get(keyringService, k.item(name))
		return err
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

func (k *systemKeyring) Set(name, value string) error {
	if len(value) > maxSecret {
		return fmt.Errorf("keep the %s: it is %d bytes long and keyrings take at most %d", name, len(value), maxSecret)
	}
	return k.call("keep", name, func() error { return keyring.Set(keyringService, k.item(name), value) })
}

func (k *systemKeyring) Delete(name string) error {
	return k.call("delete", name, func() error { return keyring.Delete(keyringService, k.item(name)) })
}

func (k *systemKeyring) call(verb, name string, do func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		switch {
		case err == nil:
			return nil
		case errors.Is(err, keyring.ErrNotFound):
			return errNoSecret
		}
		return fmt.Errorf("%w to %s the %s: %v", errNoKeyring, verb, name, err)
	case <-time.After(k.timeout):
		return fmt.Errorf("%w to %s the %s: no answer within %v; is it waiting to be unlocked?", errNoKeyring, verb, name, k.timeout)
	}
}

// commandTimeout bounds a command that prints a secret; it may ask the user.
const commandTimeout = 2 * time.Minute

// runSecret runs a command that the user named and returns the first line that
// it prints. Its output is never part of an error.
func runSecret(ctx context.Context, setting, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, shell, flag, command)
	cmd.Stdout = &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: the command failed: %w", setting, err)
	}
	line, _, _ := strings.Cut(out.String(), "\n")
	if line = strings.TrimRight(line, "\r"); line == "" {
		return "", fmt.Errorf("%s: the command printed nothing on its first line", setting)
	}
	return line, nil
}

// parseKey reads a store key: 32 bytes in hex.
func parseKey(s string) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil || len(key) != 32 {
		return nil, errors.New("the store key is not 32 bytes in hex (64 digits); `openssl rand -hex 32` makes one")
	}
	return key, nil
}

// isLoopback reports whether a host is this computer by its very name.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
