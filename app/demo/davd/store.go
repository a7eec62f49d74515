package davd

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Collection says what a collection is.
type Collection struct {
	Path  string   // "calendars/work": below the root
	Name  string   // for people
	Color string   // #rrggbb, or empty
	Holds []string // "VEVENT", "VTODO"; empty: an address book
}

// Server is a server with its collections. Safe for use by several goroutines.
type Server struct {
	user, password string
	address        string // of the user, for calendars
	life           string // tells this server's sync tokens from another's

	mu    sync.Mutex
	colls map[string]*collection // by path, "/" at both ends
}

type collection struct {
	Collection
	path  string
	seq   int
	items map[string]*item // by path
}

// item is a resource, or what is left of one.
type item struct {
	raw  []byte
	etag string
	seq  int // when it last changed
	gone bool
}

// New returns a server without collections. life tells its sync tokens from
// those of another run.
func New(user, password, life string) *Server {
	return &Server{user: user, password: password, address: "mailto:" + user, life: life, colls: map[string]*collection{}}
}

// Add makes a collection.
func (s *Server) Add(c Collection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := "/" + strings.Trim(c.Path, "/") + "/"
	s.colls[path] = &collection{Collection: c, path: path, items: map[string]*item{}}
}

// Put stores a resource, as a request does. path is below the root.
func (s *Server) Put(path string, raw []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	path = "/" + strings.Trim(path, "/")
	c := s.of(path)
	if c == nil {
		return fmt.Errorf("%s is in no collection", path)
	}
	c.put(path, raw)
	return nil
}

// of is the collection of a resource's path.
func (s *Server) of(path string) *collection {
	return s.colls[path[:strings.LastIndexByte(path, '/')+1]]
}

func (c *collection) put(path string, raw []byte) *item {
	c.seq++
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", c.seq, raw))
	it := &item{raw: slices.Clone(raw), etag: `"` + hex.EncodeToString(sum[:12]) + `"`, seq: c.seq}
	c.items[path] = it
	return it
}

func (c *collection) remove(path string) {
	c.seq++
	c.items[path] = &item{seq: c.seq, gone: true}
}

// live is the resource at path, nil if there is none.
func (c *collection) live(path string) *item {
	if it := c.items[path]; it != nil && !it.gone {
		return it
	}
	return nil
}

// paths are those of the resources, and of the former ones, in order of their
// last change.
func (c *collection) paths() []string {
	var list []string
	for p := range c.items {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b string) int { return c.items[a].seq - c.items[b].seq })
	return list
}

const tokens = "https://alder.example/ns/sync/"

func (s *Server) token(c *collection) string { return tokens + s.life + "/" + strconv.Itoa(c.seq) }

// since reads a sync token of this server.
func (s *Server) since(token string, c *collection) (seq int, ok bool) {
	if token == "" {
		return 0, true
	}
	text, ok := strings.CutPrefix(token, tokens+s.life+"/")
	seq, err := strconv.Atoi(text)
	return seq, ok && err == nil && seq <= c.seq
}
