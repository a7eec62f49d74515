package offline

import "sync"

// maxNoticeKeys is how many message keys a Notice names one by one.
const maxNoticeKeys = 256

// Notice says what a commit, or several since the last notice was taken,
// changed.
type Notice struct {
	Folders, Messages, Records, Changes, SetAside, Activity, Settings, Drafts bool

	// Items: collections, items or their links. Conflicts: those, what is held
	// back, or what was deleted.
	Items, Conflicts bool

	// Keys are the messages that changed, each once; with Messages and nil here
	// they were too many to name.
	Keys []uint64
}

// isEmpty tells that nothing changed.
func (to *Notice) isEmpty() bool {
	return !(to.Folders || to.Messages || to.Records || to.Changes || to.SetAside || to.Activity || to.Settings || to.Drafts ||
		to.Items || to.Conflicts)
}

// merge adds what n says.
func (to *Notice) merge(n Notice) {
	switch {
	case !n.Messages:
	case !to.Messages:
		to.Keys = n.Keys
	case to.Keys != nil && n.Keys != nil:
		to.Keys = to.Keys[:len(to.Keys):len(to.Keys)]
		for _, k := range n.Keys {
			to.addKey(k)
		}
	default:
		to.Keys = nil
	}
	to.Folders = to.Folders || n.Folders
	to.Messages = to.Messages || n.Messages
	to.Records = to.Records || n.Records
	to.Changes = to.Changes || n.Changes
	to.SetAside = to.SetAside || n.SetAside
	to.Activity = to.Activity || n.Activity
	to.Settings = to.Settings || n.Settings
	to.Drafts = to.Drafts || n.Drafts
	to.Items = to.Items || n.Items
	to.Conflicts = to.Conflicts || n.Conflicts
}

// message notes that a message changed.
func (to *Notice) message(key uint64) {
	if !to.Messages {
		to.Messages, to.Keys = true, []uint64{key}
		return
	}
	to.addKey(key)
}

// addKey adds a key to a notice of some messages.
func (to *Notice) addKey(key uint64) {
	if to.Keys == nil {
		return // too many already
	}
	for _, k := range to.Keys {
		if k == key {
			return
		}
	}
	if len(to.Keys) == maxNoticeKeys {
		to.Keys = nil
		return
	}
	to.Keys = append(to.Keys, key)
}

// watchers are the channels of those who watch.
type watchers struct {
	mu     sync.Mutex
	all    map[chan Notice]bool
	closed bool
}

// Watch tells of every commit from now on. The channel holds one notice; while
// it isn't taken, later ones are merged into it, so a slow watcher never holds
// up a writer and misses nothing. stop ends it and closes the channel; so does
// Close.
func (s *Store) Watch() (notices <-chan Notice, stop func()) {
	w := &s.watch
	ch := make(chan Notice, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		close(ch)
		return ch, func() {}
	}
	if w.all == nil {
		w.all = map[chan Notice]bool{}
	}
	w.all[ch] = true
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.all[ch] {
			delete(w.all, ch)
			close(ch)
		}
	}
}

// tell sends n to every watcher.
func (w *watchers) tell(n Notice) {
	if n.isEmpty() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.all {
		next := n
		select {
		case waiting := <-ch:
			waiting.merge(n)
			next = waiting
		default:
		}
		ch <- next // room for one, and only tell sends, under the lock
	}
}

func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for ch := range w.all {
		close(ch)
	}
	w.all = nil
}
