package dav

import (
	"context"
	"sync"

	"postrider/offline"
)

// PutAll writes items of a collection as Put does, several at a time, and says of
// each what came of it, in their order. What has to be read again is read together.
// Once something befalls that would befall the others, the rest is not begun and has
// the same error.
func (c *Client) PutAll(ctx context.Context, coll offline.Collection, items []offline.Item) []offline.Written {
	results := make([]offline.Written, len(items))
	sent := make([]*written, len(items))
	var end ending
	one := func(i int) {
		if err := end.is(); err != nil {
			results[i] = offline.Written{Item: items[i], Err: err}
			return
		}
		w, it, err := c.put(ctx, coll, items[i])
		sent[i], results[i] = w, offline.Written{Item: it, Err: err}
		end.note(err)
	}
	var all sync.WaitGroup
	next := make(chan int)
	for range min(c.cfg.Writers, len(items)) {
		all.Go(func() {
			for i := range next {
				one(i)
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	all.Wait()
	c.settleAll(ctx, coll, sent, results)
	return results
}

// ending finds out whether what befalls single writes befalls all.
type ending struct {
	mu     sync.Mutex
	err    error
	works  bool // something was written
	faults int  // writes that the server stumbled over
}

// stumbles is how many writes a server that took none may stumble over before it is
// left alone.
const stumbles = 3

func (e *ending) is() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

func (e *ending) note(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch class := offline.ClassOf(err); {
	case err == nil:
		e.works = true
	case class == offline.FaultServer: // that may be about this item
		if e.faults++; !e.works && e.faults >= stumbles {
			e.err = err
		}
	case class == "", class.Transient(), class == offline.FaultAuth, class == offline.FaultTLS:
		e.err = err
	}
}

// settleAll makes out what the server has of what was written.
func (c *Client) settleAll(ctx context.Context, coll offline.Collection, sent []*written, results []offline.Written) {
	byHref := map[string]int{}
	var hrefs []string
	for i, w := range sent {
		switch {
		case w == nil:
		case c.plain(w):
			w.item.ETag = w.tag
			results[i].Item = w.item
		default:
			results[i].Item = w.unread()
			byHref[sameKey(w.url)] = i
			hrefs = append(hrefs, w.item.Href)
		}
	}
	if len(hrefs) == 0 {
		return
	}
	got, _ := c.Get(ctx, coll, hrefs) // what could not be read comes with the next listing
	at, err := collectionURL(coll, "read what was written")
	if err != nil {
		return
	}
	for _, it := range got {
		if u, ok := resolve(at, it.Href); ok {
			if i, ours := byHref[sameKey(u)]; ours {
				results[i].Item = c.readAgain(sent[i], it.Raw, it.ETag)
			}
		}
	}
}
