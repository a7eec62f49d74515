package vobject

import (
	"bytes"
	"slices"
	"strings"
)

// File is a file of content lines: components, and what stands outside of them.
type File struct {
	root Component
	eol  string
}

// NewFile makes an empty file, with the line ends of the standards.
func NewFile() *File { return &File{eol: "\r\n"} }

// Component is what stands between BEGIN and END: a VEVENT, a VCARD.
type Component struct {
	Name       string // in upper case
	begin, end *Line  // end nil: it is missing
	nodes      []node
	old        bool // see Line
}

// node is a line or a component.
type node struct {
	line  *Line
	child *Component
}

// NewComponent makes an empty component.
func NewComponent(name string) *Component {
	return &Component{Name: strings.ToUpper(name), begin: NewLine("BEGIN", name), end: NewLine("END", name)}
}

// Bytes is the file as it is written.
func (f *File) Bytes() []byte {
	w := writer{eol: f.eol}
	f.root.write(&w)
	return w.b.Bytes()
}

// Components are those at the top, of these names (in upper case), or all.
func (f *File) Components(names ...string) []*Component { return f.root.Components(names...) }

// AddComponent puts a component at the end of the file.
func (f *File) AddComponent(c *Component) { f.root.AddComponent(c) }

func (c *Component) write(w *writer) {
	w.line(c.begin)
	for _, n := range c.nodes {
		if n.line != nil {
			w.line(n.line)
			continue
		}
		n.child.write(w)
	}
	w.line(c.end)
}

// writer writes lines one behind the other, so that each is read as one again.
type writer struct {
	b     bytes.Buffer
	eol   string
	stray bool // the last line goes on with the next, by its looks
}

func (w *writer) line(l *Line) {
	if l == nil {
		return
	}
	if n := w.b.Len(); n > 0 && w.b.Bytes()[n-1] != '\n' && l.raw == nil {
		w.b.WriteString(w.eol) // what came last had no line end
	}
	text := l.bytes(w.eol)
	if first, _ := cutPhysical(text); w.stray && !endsQuoted(bytes.TrimRight(first, "\r\n")) {
		w.b.WriteString(w.eol) // an empty line is the end of it
	}
	w.b.Write(text)
	w.stray = l.raw != nil && l.stray
}

// Lines are the lines of the component itself, of these names (in upper case), or
// all that can be read.
func (c *Component) Lines(names ...string) (all []*Line) {
	for _, n := range c.nodes {
		if n.line != nil && !n.line.bad && (len(names) == 0 || slices.Contains(names, n.line.Name)) {
			all = append(all, n.line)
		}
	}
	return all
}

// First is the first line of a name, nil where there is none.
func (c *Component) First(name string) *Line {
	for _, n := range c.nodes {
		if n.line != nil && !n.line.bad && n.line.Name == name {
			return n.line
		}
	}
	return nil
}

// Components are the components in it, of these names (in upper case), or all.
func (c *Component) Components(names ...string) (all []*Component) {
	for _, n := range c.nodes {
		if n.child != nil && (len(names) == 0 || slices.Contains(names, n.child.Name)) {
			all = append(all, n.child)
		}
	}
	return all
}

// Add puts a line behind the last of its name, or else behind the last line.
func (c *Component) Add(l *Line) {
	at := 0
	for i, n := range c.nodes {
		if n.line != nil && !n.line.bad {
			at = i + 1
		}
	}
	for i, n := range c.nodes {
		if n.line != nil && !n.line.bad && n.line.Name == l.Name {
			at = i + 1
		}
	}
	l.old = c.old
	c.nodes = slices.Insert(c.nodes, at, node{line: l})
}

// Remove takes lines out.
func (c *Component) Remove(lines ...*Line) {
	c.nodes = slices.DeleteFunc(c.nodes, func(n node) bool { return n.line != nil && slices.Contains(lines, n.line) })
}

// AddComponent puts a component behind all else in it.
func (c *Component) AddComponent(child *Component) {
	if n := len(c.nodes); n > 0 {
		if last := c.nodes[n-1].child; last != nil && last.end == nil {
			last.end = NewLine("END", last.Name) // or the new one would stand in it
		}
	}
	c.nodes = append(c.nodes, node{child: child})
}

// InsertComponent puts a component before the first of a name, or at the end.
func (c *Component) InsertComponent(child *Component, before string) {
	at := slices.IndexFunc(c.nodes, func(n node) bool { return n.child != nil && n.child.Name == before })
	if at < 0 {
		c.AddComponent(child)
		return
	}
	c.nodes = slices.Insert(c.nodes, at, node{child: child})
}

// Clone is a component like it that is edited by itself.
func (c *Component) Clone() *Component {
	n := NewComponent(c.Name)
	n.old = c.old
	for _, x := range c.nodes {
		if x.line != nil {
			n.nodes = append(n.nodes, node{line: x.line.Clone()})
		} else {
			n.nodes = append(n.nodes, node{child: x.child.Clone()})
		}
	}
	return n
}

// RemoveComponent takes a component out.
func (c *Component) RemoveComponent(child *Component) {
	c.nodes = slices.DeleteFunc(c.nodes, func(n node) bool { return n.child == child })
}
