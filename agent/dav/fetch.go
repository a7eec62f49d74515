package dav

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postrider/offline"
)

// fetched is what became of resources that were asked for: each is in one of the
// three, or is of a kind that is none of ours.
type fetched struct {
	items  []offline.Item
	gone   []string
	broken []offline.BrokenItem
}

func (f *fetched) add(g fetched) {
	f.items, f.gone, f.broken = append(f.items, g.items...), append(f.gone, g.gone...), append(f.broken, g.broken...)
}

// fetcher gets the resources of one collection.
type fetcher struct {
	c      *Client
	at     *url.URL // the collection
	coll   offline.Collection
	people bool // vCards
	size   int  // of the next batch
	failed int  // resources in a row that the server failed at
	stuck  int  // reports in a row that failed and brought nothing
	// refused are those, by key, that the server has said by name that it does not
	// give: that is about them, and no sign that the server fails.
	refused map[string]bool
}

// batchBytes is how much one batch should be at most, as far as can be told from
// those before it.
const batchBytes = 4 << 20

func (c *Client) fetcher(coll offline.Collection, at *url.URL) *fetcher {
	return &fetcher{c: c, at: at, coll: coll, people: coll.Holds(offline.KindContact), size: c.cfg.Batch, refused: map[string]bool{}}
}

// all gets every resource of list and hands them over in batches, each while the
// next one is on its way. Where it fails, what has come is handed over before.
func (f *fetcher) all(ctx context.Context, list []entry, out func(fetched) error) error {
	type result struct {
		got fetched
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	came, under := make(chan result, 1), false
	defer func() {
		cancel()
		if under {
			<-came
		}
	}()
	begin := func() {
		if len(list) == 0 {
			return
		}
		part := list[:min(f.size, len(list))]
		list, under = list[len(part):], true
		go func() {
			got, err := f.batch(ctx, part)
			came <- result{got, err}
		}()
	}
	for begin(); under; {
		r := <-came
		under = false
		if r.err == nil {
			f.adapt(r.got)
			begin()
		} else {
			r.got.broken = nil // what is broken may have been the server's failure
		}
		if r.err == nil || len(r.got.items)+len(r.got.gone) > 0 {
			if err := out(r.got); err != nil {
				return err
			}
		}
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// adapt sizes the next batch by what came.
func (f *fetcher) adapt(got fetched) {
	bytes := 0
	for _, it := range got.items {
		bytes += len(it.Raw)
	}
	if len(got.items) > 0 && bytes > 0 {
		f.size = max(1, min(f.c.cfg.Batch, batchBytes*len(got.items)/bytes))
	}
}

// batch gets some resources. Those that the server leaves out are asked for
// again, and then one by one. A report that breaks is taken as far as it came,
// and the resource at which it broke is got by itself; when the next report brings
// nothing either, it is the reports that break, and the rest are got one by one.
func (f *fetcher) batch(ctx context.Context, list []entry) (got fetched, err error) {
	again := false
	for len(list) > 1 && !f.alone() {
		part, left, err := f.multiget(ctx, list)
		got.add(part)
		switch {
		case err != nil && (ctx.Err() != nil || !broken(err)):
			return got, err
		case err != nil && len(left) == len(list) && len(list) > 2 && tooMuch(err):
			half, err := f.batch(ctx, list[:len(list)/2])
			got.add(half)
			if err != nil {
				return got, err
			}
			f.size = max(1, len(list)/2)
			left = list[len(list)/2:]
		case err != nil:
			if f.stuck++; len(left) < len(list) {
				f.stuck = 0
			}
			one, err := f.one(ctx, left[0])
			got.add(one)
			if err != nil {
				return got, err
			}
			left = left[1:]
		case again || len(left) == 0:
			list = left
			return f.rest(ctx, list, got)
		case len(left) == len(list): // it leaves out everything: asked in this way, it has nothing
			return f.rest(ctx, left, got)
		default:
			again = true
		}
		list = left
	}
	return f.rest(ctx, list, got)
}

// rest gets resources one by one.
func (f *fetcher) rest(ctx context.Context, list []entry, got fetched) (fetched, error) {
	for _, e := range list {
		one, err := f.one(ctx, e)
		got.add(one)
		if err != nil {
			return got, err
		}
	}
	return got, nil
}

func (f *fetcher) alone() bool {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	return f.c.lone || f.stuck > 1
}

// broken reports whether a failure may be due to one resource among those asked
// for, or to their number.
func broken(err error) bool {
	switch offline.ClassOf(err) {
	case offline.FaultProtocol, offline.FaultRejected, offline.FaultServer, offline.FaultDenied, offline.FaultNotFound, offline.FaultNetwork:
		return offline.ClassOf(err) != offline.FaultNetwork || errors.Is(err, errCutShort)
	}
	return false
}

// tooMuch reports whether fewer resources at a time may do.
func tooMuch(err error) bool {
	var f *offline.Fault
	return errors.As(err, &f) && slices.Contains([]string{"413", "500", "503", "504", "507", tooMany}, f.Code)
}

// errCutShort is in the chain where an answer ended within itself.
var errCutShort = errors.New("the answer ends in the middle")

// multiget asks for several resources in one report (RFC 4791 section 7.9, RFC
// 6352 section 8.7). left are those that it says nothing about, in their order;
// with an error they are what is still to be had.
func (f *fetcher) multiget(ctx context.Context, list []entry) (got fetched, left []entry, err error) {
	const op = "fetch items"
	report, data, ns := "c:calendar-multiget", "<c:calendar-data/>", nsCal
	if f.people {
		report, data, ns = "a:addressbook-multiget", "<a:address-data/>", nsCard
	}
	wanted := make(map[string]int, len(list))
	var b strings.Builder
	b.WriteString("<d:prop><d:getetag/>" + data + "</d:prop>")
	for i, e := range list {
		wanted[e.key] = i
		b.WriteString("<d:href>")
		escape(&b, e.href)
		b.WriteString("</d:href>")
	}
	done := make([]bool, len(list))
	err = f.c.carry(ctx, request{
		op: op, method: "REPORT", url: f.at, header: map[string]string{"Depth": "0"},
		body: xmlBody(report, b.String()), ctype: xmlType,
		take: func(at *url.URL, _ *http.Response, body io.Reader) error {
			_, err := multistatus(body, f.c.cfg.MaxItem*2, func(r *response) error {
				for _, href := range append([]string{r.href}, r.others...) {
					u, ok := resolve(at, href)
					if !ok {
						continue
					}
					i, ok := wanted[sameKey(u)]
					if !ok || done[i] {
						continue
					}
					done[i] = f.sort(list[i], r, ns, &got)
				}
				return nil
			})
			var syntax *xml.SyntaxError
			if errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF") || errors.Is(err, io.ErrUnexpectedEOF) {
				return &offline.Fault{Class: offline.FaultNetwork, Op: op, Text: "the server's answer ends in the middle", Err: errCutShort}
			}
			return err
		},
	})
	if err != nil && notOffered(err) && !anyDone(done) {
		f.c.mu.Lock()
		f.c.lone = true
		f.c.mu.Unlock()
	}
	for i, e := range list {
		if !done[i] {
			left = append(left, e)
		}
	}
	if err != nil && len(left) == 0 {
		err = nil // it broke after the last one
	}
	if err == nil {
		f.failed, f.stuck = 0, 0
	}
	return got, left, err
}

func anyDone(done []bool) bool {
	for _, d := range done {
		if d {
			return true
		}
	}
	return false
}

// notOffered reports whether the server has no such report.
func notOffered(err error) bool {
	var f *offline.Fault
	return errors.As(err, &f) && (f.Code == "405" || f.Code == "501" || f.Code == "supported-report")
}

// sort puts one response of a multiget where it belongs; false if it does not
// tell.
func (f *fetcher) sort(e entry, r *response, ns string, got *fetched) bool {
	local := "calendar-data"
	if ns == nsCard {
		local = "address-data"
	}
	switch {
	case r.status == http.StatusNotFound || r.status == http.StatusGone:
		got.gone = append(got.gone, e.href)
	case r.wrong != "" || r.status != 0 && r.status/100 != 2:
		f.refused[e.key] = r.wrong == ""
		return false // asked by itself it may be had, or the reason is plainer
	default:
		data := r.prop(ns, local)
		if data == nil || strings.TrimSpace(data.text) == "" {
			return false
		}
		f.item(e, crlf(data.text), cmp.Or(r.etag(), e.etag), got)
	}
	return true
}

// item adds a resource that came, by what it holds.
func (f *fetcher) item(e entry, raw []byte, tag string, got *fetched) {
	if int64(len(raw)) > f.c.cfg.MaxItem {
		got.broken = append(got.broken, offline.BrokenItem{Href: e.href, Reason: f.tooLarge()})
		return
	}
	kind, ok := kindOf(raw)
	switch {
	case ok && kind == "":
		return // a journal or the like
	case !ok:
		got.broken = append(got.broken, offline.BrokenItem{Href: e.href, Reason: "it is neither an appointment nor a task nor a contact"})
		return
	}
	if tag == "" {
		tag = etagOf(raw)
	}
	got.items = append(got.items, offline.Item{Collection: f.coll.URL, Href: e.href, ETag: tag, Kind: kind, Raw: raw, Changed: f.c.cfg.Now().UTC()})
}

func (f *fetcher) tooLarge() string {
	return fmt.Sprintf("it is larger than %.3g MiB", float64(f.c.cfg.MaxItem)/(1<<20))
}

// maxFailed is how many resources in a row may fail at the server before it is
// taken to be the server that fails.
const maxFailed = 5

// one gets a resource by itself, as the bytes that the server stores. Its answer
// is final: there, gone, or broken.
func (f *fetcher) one(ctx context.Context, e entry) (got fetched, err error) {
	u, ok := resolve(f.at, e.href)
	if !ok {
		got.broken = append(got.broken, offline.BrokenItem{Href: e.href, Reason: "its address can't be read"})
		return got, nil
	}
	raw, tag, err := f.c.get(ctx, u)
	switch class := offline.ClassOf(err); {
	case err == nil:
		f.failed = 0
		f.item(e, raw, cmp.Or(tag, e.etag), &got)
		return got, nil
	case ctx.Err() != nil:
		return got, err
	case class == offline.FaultNotFound:
		got.gone = append(got.gone, e.href)
		return got, nil
	case errors.Is(err, errTooLarge):
		got.broken = append(got.broken, offline.BrokenItem{Href: e.href, Reason: f.tooLarge()})
		return got, nil
	case class == offline.FaultServer || class == offline.FaultDenied || class == offline.FaultRejected || class == offline.FaultProtocol:
		if !f.refused[e.key] {
			f.failed++
		}
		if f.failed >= maxFailed {
			return got, err
		}
		var fault *offline.Fault
		errors.As(err, &fault)
		got.broken = append(got.broken, offline.BrokenItem{Href: e.href, Reason: cmp.Or(fault.Text, "the server does not give it")})
		return got, nil
	}
	return got, err
}

// get reads a resource. It asks for it uncompressed: what compresses makes the
// ETag weak.
func (c *Client) get(ctx context.Context, u *url.URL) (raw []byte, tag string, err error) {
	const op = "fetch an item"
	err = c.carry(ctx, request{
		op: op, method: http.MethodGet, url: u, header: map[string]string{"Accept-Encoding": "identity"},
		take: func(_ *url.URL, resp *http.Response, body io.Reader) error {
			var err error
			if raw, err = io.ReadAll(io.LimitReader(body, c.cfg.MaxItem+1)); err != nil {
				return err
			}
			if int64(len(raw)) > c.cfg.MaxItem {
				return &offline.Fault{Class: offline.FaultRejected, Op: op, Err: errTooLarge}
			}
			tag = strings.TrimSpace(resp.Header.Get("ETag"))
			return nil
		},
	})
	return raw, tag, err
}

func escape(b *strings.Builder, s string) { _ = xml.EscapeText(b, []byte(s)) }

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
