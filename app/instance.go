package app

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"postrider/offline"
)

// One Postrider runs per profile. It listens on a local socket in the profile's
// home, so that a second start raises its window and the commands reach it. The
// socket is the user's own (mode 0600 in a folder of mode 0700); what is asked
// and answered is one line of JSON each.

// request is what one Postrider asks of the running one.
type request struct {
	Do        string    `json:"do"` // show, sync, status, track, untrack, send, outbox
	Messages  []string  `json:"messages,omitempty"`
	Regarding string    `json:"regarding,omitempty"`
	Delete    bool      `json:"delete,omitempty"`
	Yes       bool      `json:"yes,omitempty"`    // with sync: the first contact is confirmed
	Letter    *outgoing `json:"letter,omitempty"` // with send
	Verb      string    `json:"verb,omitempty"`   // with outbox: cancel, retry, went, discard; empty: list
	Draft     uint64    `json:"draft,omitempty"`  // with outbox and a verb
}

// answer is what the running one says.
type answer struct {
	Error  string          `json:"error,omitempty"`
	Usage  bool            `json:"usage,omitempty"` // the error is a mistake of the command line
	Result json.RawMessage `json:"result,omitempty"`
}

// errNotRunning says that no Postrider runs on a profile.
var errNotRunning = errors.New("no Postrider runs on this profile")

// maxSocketPath is the longest path of a socket that every system takes.
const maxSocketPath = 100

// socketPath is where the running Postrider of a profile listens.
func socketPath(home string) string {
	if p := filepath.Join(home, "run.sock"); len(p) < maxSocketPath {
		return p
	}
	sum := sha256.Sum256([]byte(home))
	return filepath.Join(os.TempDir(), "postrider-"+hex.EncodeToString(sum[:8])+".sock")
}

// ask asks the running Postrider of a profile. result, if not nil, takes what
// it says.
func ask(ctx context.Context, home string, r request, result any) error {
	d := net.Dialer{Timeout: 2 * time.Second}
	conn, err := d.DialContext(ctx, "unix", socketPath(home))
	if err != nil {
		return errNotRunning
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return fmt.Errorf("ask the running Postrider: %w", err)
	}
	var a answer
	if err := json.NewDecoder(conn).Decode(&a); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("the running Postrider did not answer: %w", err)
	}
	switch {
	case a.Error != "" && a.Usage:
		return usageError(a.Error)
	case a.Error != "":
		return errors.New(a.Error)
	}
	if result == nil || len(a.Result) == 0 {
		return nil
	}
	return json.Unmarshal(a.Result, result)
}

// serveInstance answers other Postriders of this profile until ctx ends. The
// caller holds the store, so a socket that is there is a leftover.
func serveInstance(ctx context.Context, home string, handle func(context.Context, request) (any, error)) (stop func(), err error) {
	path := socketPath(home)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of an earlier run: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for other starts of Postrider: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Add(1)
			go func() { defer wg.Done(); answerOne(ctx, conn, handle) }()
		}
	}()
	return func() { cancel(); l.Close(); wg.Wait() }, nil
}

func answerOne(ctx context.Context, conn net.Conn, handle func(context.Context, request) (any, error)) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	in := bufio.NewReader(conn)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return
	}
	// The one who asks may go away while the answer is made.
	gone := make(chan struct{})
	go func() { defer close(gone); in.ReadByte(); cancel() }()
	var r request
	var a answer
	if err := json.Unmarshal(line, &r); err != nil {
		a.Error = "what was asked can't be read: " + err.Error()
	} else if result, err := handle(ctx, r); err != nil {
		a.Error = err.Error()
		a.Usage = errors.As(err, new(usageError))
	} else if a.Result, err = json.Marshal(result); err != nil {
		a.Error = err.Error()
	}
	json.NewEncoder(conn).Encode(a)
	conn.Close()
	<-gone
}

// inUse words that a store is taken although nobody answers for it.
func inUse(err error) error {
	if errors.Is(err, offline.ErrInUse) {
		return fmt.Errorf("another Postrider works on this profile just now (perhaps `sync --once`); wait for it to end: %w", err)
	}
	return err
}
