package localorg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Options say how an organization is kept and how it behaves. The zero value
// is one in memory with the service's own limits.
type Options struct {
	Path     string // of the bbolt file; "": in memory
	Key      []byte // 32 bytes by which values in the file are encrypted; nil: kept in clear
	Now      func() time.Time
	Log      *slog.Logger
	Name     string        // the organization's name, for a new one
	Versions []string      // of the API that are answered; nil: v9.0, v9.1 and v9.2. On premises it is v9.1 at most
	TokenTTL time.Duration // life of access tokens that the sign-in endpoints issue; 0: one hour
	Limits   Limits
	Tables   []Table // custom tables
	MaxBody  int     // longest text of an email in UTF-16 units; 0: as the service has it
}

// Org is an organization. Its methods may be called by several goroutines.
type Org struct {
	schema   *schema
	disk     *disk
	clock    func() time.Time
	log      *slog.Logger
	versions []string
	faults   *Faults
	recorder recorder
	gate     gate
	signIn   *signIn
	security security
	maxBody  int64
	closed   chan struct{}
	close    func() error

	mu       sync.RWMutex // guards what follows; held for a whole request
	tables   map[string]*data
	blobs    map[blobKey]string // where there is no file
	uploads  map[string]*upload // attachments that come in blocks, by token
	version  int64
	expired  int64 // delta tokens up to this version are answered as too old
	id, unit string
}

// ErrClosed is the error of requests to an organization that was closed.
var ErrClosed = errors.New("the organization is closed")

// Open opens the organization, making it if it is not there yet.
func Open(opt Options) (*Org, error) {
	s, err := newSchema(opt.Tables)
	if err != nil {
		return nil, fmt.Errorf("organization tables: %w", err)
	}
	if opt.MaxBody > 0 {
		s.byName["email"].cols["description"].Max = opt.MaxBody
	}
	o := &Org{schema: s, clock: opt.Now, log: opt.Log, versions: opt.Versions, faults: newFaults(), closed: make(chan struct{}),
		tables: map[string]*data{}, blobs: map[blobKey]string{}, uploads: map[string]*upload{}, expired: -1, maxBody: maxBody}
	if o.clock == nil {
		o.clock = time.Now
	}
	if o.log == nil {
		o.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.versions == nil {
		o.versions = []string{"v9.0", "v9.1", "v9.2"}
	}
	o.gate.limits = opt.Limits.orDefault()
	o.signIn = newSignIn(opt.TokenTTL)
	o.security.init()
	for _, n := range s.names {
		o.tables[n] = newData(s.byName[n])
	}
	o.close = sync.OnceValue(func() error {
		close(o.closed)
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.disk != nil {
			return o.disk.db.Close()
		}
		return nil
	})
	if opt.Path != "" {
		if o.disk, err = openDisk(opt.Path, opt.Key); err != nil {
			return nil, err
		}
		if err = o.disk.load(o); err != nil {
			return nil, errors.Join(fmt.Errorf("reading %s: %w", opt.Path, err), o.Close())
		}
	}
	if err = o.settle(opt.Name); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// settle makes the rows that every organization has, and forgets tombstones
// older than any delta token may be.
func (o *Org) settle(name string) error {
	if name == "" {
		name = "Local organization"
	}
	if ids := o.tables["businessunit"].ids(); len(ids) == 0 {
		if _, err := o.Create("businessunit", map[string]any{"name": name}); err != nil {
			return fmt.Errorf("making the business unit: %w", err)
		}
	}
	fresh := len(o.tables["organization"].ids()) == 0
	if fresh {
		if _, err := o.Create("organization", map[string]any{"name": name}); err != nil {
			return fmt.Errorf("making the organization row: %w", err)
		}
	}
	if fresh {
		for _, row := range seedTemplates {
			if _, err := o.Create("template", row()); err != nil {
				return fmt.Errorf("making the email templates: %w", err)
			}
		}
	}
	// What organizations of an earlier version of the program lack is made too.
	if err := o.together(func(t *tx) error {
		if len(o.tables["timezonedefinition"].rows) == 0 {
			if err := t.makeZones(); err != nil {
				return fmt.Errorf("making the time zones: %w", err)
			}
		}
		if len(o.tables["savedquery"].rows) == 0 {
			if err := t.makeTemplates(); err != nil {
				return fmt.Errorf("making the filters: %w", err)
			}
		}
		return t.expandAll()
	}); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.id, o.unit = o.tables["organization"].ids()[0], o.rootUnit()
	return o.dropTombs(stamp(o.now().Add(-o.deltaLife()).Unix()))
}

// together does something in one commit of the file, by nobody in particular.
func (o *Org) together(do func(*tx) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.begin("")
	t.seed = true
	if err := do(t); err != nil {
		t.rollbackTo(0)
		return err
	}
	return t.commit()
}

// Expand makes the occurrences of series that have come within the window since
// they were last made. The service does it in a job; Open does it too.
func (o *Org) Expand() error { return o.together((*tx).expandAll) }

// rootUnit is the business unit without a parent, the first one made.
func (o *Org) rootUnit() string {
	d := o.tables["businessunit"]
	var root *row
	for _, r := range d.rows {
		if r.get(d.def.cols["parentbusinessunitid"]) == nil && (root == nil || r.version < root.version) {
			root = r
		}
	}
	return root.id
}

// Close ends requests that wait for an injected fault, and closes the file.
func (o *Org) Close() error { return o.close() }

// ID is the organization's id.
func (o *Org) ID() string { return o.id }

// Faults is the switchboard by which the organization is told to fail.
func (o *Org) Faults() *Faults { return o.faults }

func (o *Org) now() time.Time { return o.clock() }

// AddUser adds a user with that name and address and returns the id. The user's
// settings and mailbox are made too, as the service does.
func (o *Org) AddUser(first, last, address string) (id string, err error) {
	return o.Create("systemuser", map[string]any{"firstname": first, "lastname": last, "internalemailaddress": address, "domainname": address})
}

// Create adds a row as a request would, with the same checks, but by nobody in
// particular and with columns allowed that only the service may fill (statecode,
// createdon, inreplyto, ...). Row uses the names of the Web API, lookups as
// "{navigation}@odata.bind". Times may be time.Time.
func (o *Org) Create(table string, row map[string]any) (id string, err error) {
	err = o.seed(func(t *tx, tab *Table, body map[string]any) error {
		id, err = t.create(tab, "", body)
		return err
	}, table, row)
	return id, err
}

// Update changes a row as Create makes one.
func (o *Org) Update(table, id string, row map[string]any) error {
	return o.seed(func(t *tx, tab *Table, body map[string]any) error { return t.update(tab, id, body) }, table, row)
}

// Delete deletes a row with what hangs on it.
func (o *Org) Delete(table, id string) error {
	return o.seed(func(t *tx, tab *Table, _ map[string]any) error { return t.delete(tab, id) }, table, map[string]any{})
}

func (o *Org) seed(do func(*tx, *Table, map[string]any) error, table string, row map[string]any) error {
	tab := o.schema.byName[table]
	if tab == nil || tab.union != nil {
		return fmt.Errorf("no table %q", table)
	}
	text, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("row of %s: %w", table, err)
	}
	body, err := decodeObject(text)
	if err != nil {
		return fmt.Errorf("row of %s: %w", table, err)
	}
	return o.together(func(t *tx) error { return do(t, tab, body) })
}

// Row returns the row of a table with that id by property names (lookups as
// _x_value with the table in xtype, times as time.Time, large texts included),
// or nil.
func (o *Org) Row(table, id string) map[string]any {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if d := o.tables[table]; d != nil && d.rows[id] != nil {
		return o.plain(d.def, d.rows[id])
	}
	return nil
}

// Rows returns the rows of a table that keep accepts (nil: all), those written
// last at the end.
func (o *Org) Rows(table string, keep func(map[string]any) bool) []map[string]any {
	o.mu.RLock()
	defer o.mu.RUnlock()
	d := o.tables[table]
	if d == nil {
		return nil
	}
	rows := slices.Collect(maps.Values(d.rows))
	slices.SortFunc(rows, func(a, b *row) int { return int(a.version - b.version) })
	var out []map[string]any
	for _, r := range rows {
		if m := o.plain(d.def, r); keep == nil || keep(m) {
			out = append(out, m)
		}
	}
	return out
}

// plain shows a row as Row does. A text that can't be read from the file is left out.
func (o *Org) plain(tab *Table, r *row) map[string]any {
	m := make(map[string]any, len(r.vals))
	for i := range tab.Columns {
		c := &tab.Columns[i]
		switch v := r.vals[i].(type) {
		case ref:
			m[c.property()], m[c.Name+"type"] = v.id, v.table
		case stamp:
			m[c.Name] = v.time()
		case blobSize:
			if s, err := o.readBlob(blobKey{tab.Name, r.id, c.Name}); err == nil {
				m[c.Name] = s
			}
		default:
			m[c.property()] = v
		}
	}
	return m
}

// Count is the number of rows of a table.
func (o *Org) Count(table string) int {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if d := o.tables[table]; d != nil {
		return len(d.rows)
	}
	return 0
}

// ExpireDeltaTokens makes all delta tokens given out so far too old.
func (o *Org) ExpireDeltaTokens() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.expired = o.version
	o.version++
}

// newID makes an id for a row that came without one.
func newID() string { return uuid.NewString() }
