package localorg

import (
	"net/http"
	"strings"
	"sync"
)

// The list of requests that is kept is bounded in number and in size.
const (
	recordedAtMost = 4000
	recordedQuery  = 4000 // bytes
)

// Stats are counts since the organization was opened, or since ResetStats.
type Stats struct {
	Requests int // HTTP requests on the organization, whatever became of them
	Writes   int // of them, those with a method that writes; a $batch is one

	Operations      int // single operations, each one in a $batch counted
	WriteOperations int
}

// Recorded is one request as it was seen. Status is 0 where the connection was
// dropped.
type Recorded struct {
	Method, Path, Query string
	Status              int
}

type recorder struct {
	mu    sync.Mutex
	stats Stats
	list  []Recorded
	first int // number of the first one in list
}

func (c *recorder) begin(r *http.Request) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Requests++
	if isWrite(r.Method) {
		c.stats.Writes++
	}
	if len(c.list) == recordedAtMost {
		half := recordedAtMost / 2
		c.list = append(c.list[:0], c.list[half:]...)
		c.first += half
	}
	query := r.URL.RawQuery
	query = strings.Clone(query[:min(len(query), recordedQuery)])
	c.list = append(c.list, Recorded{r.Method, r.URL.Path, query, -1})
	return c.first + len(c.list) - 1
}

func (c *recorder) end(n, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := n - c.first; i >= 0 && i < len(c.list) {
		c.list[i].Status = status
	}
}

func (c *recorder) operation(method string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Operations++
	if isWrite(method) {
		c.stats.WriteOperations++
	}
}

// Stats returns the counts.
func (o *Org) Stats() Stats {
	o.recorder.mu.Lock()
	defer o.recorder.mu.Unlock()
	return o.recorder.stats
}

// Requests returns the latest requests, oldest first; at most some thousands.
func (o *Org) Requests() []Recorded {
	o.recorder.mu.Lock()
	defer o.recorder.mu.Unlock()
	return append([]Recorded(nil), o.recorder.list...)
}

// ResetStats sets the counts and the list back to nothing.
func (o *Org) ResetStats() {
	o.recorder.mu.Lock()
	defer o.recorder.mu.Unlock()
	o.recorder.first += len(o.recorder.list)
	o.recorder.stats, o.recorder.list = Stats{}, nil
}
