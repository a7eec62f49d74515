package view

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// FoundFile is a file or folder that can be chosen.
type FoundFile struct {
	Name   string
	Path   string
	Folder bool
	Note   string // size and age
}

// FileFinder finds files of this computer by a path that is typed: what is in its
// folder, and begins with or has its last part.
type FileFinder struct {
	Path  string
	Lines []FoundFile
	Note  string // why there is nothing

	now     func() time.Time
	changed func()
	load    slot
}

// filesCap is how many files of a folder are listed.
const filesCap = 400

// NewFileFinder returns a finder that begins where a file was found last.
func (d *Desk) NewFileFinder(changed func()) *FileFinder {
	if d.folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = string(filepath.Separator)
		}
		d.folder = home
	}
	f := &FileFinder{now: d.env.now, changed: changed, load: d.env.slot()}
	f.Type(withSlash(d.folder))
	return f
}

// FoundIn remembers the folder for the next time.
func (d *Desk) FoundIn(path string) { d.folder = filepath.Dir(path) }

func withSlash(dir string) string {
	return strings.TrimRight(dir, string(filepath.Separator)) + string(filepath.Separator)
}

// Close stops what is under way.
func (f *FileFinder) Close() {
	f.changed = func() {}
	f.load.drop()
}

// Type is what is typed now.
func (f *FileFinder) Type(path string) {
	f.Path = path
	now := f.now()
	f.load.do(func(context.Context) func() {
		lines, note := findFiles(path, now)
		return func() {
			f.Lines, f.Note = lines, note
			f.changed()
		}
	})
}

func findFiles(path string, now time.Time) (lines []FoundFile, note string) {
	path = strings.TrimPrefix(strings.TrimSpace(path), "file://")
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			path = home + rest
		}
	}
	if !filepath.IsAbs(path) {
		return nil, "Type a whole path: it begins with " + withSlash("") + " or ~."
	}
	dir, part := filepath.Split(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, dir + " can't be read, or is not there."
	}
	part = fold(part)
	for _, e := range entries {
		name := fold(e.Name())
		if strings.HasPrefix(name, ".") != strings.HasPrefix(part, ".") || !strings.Contains(name, part) {
			continue
		}
		f := FoundFile{Name: OneLine(e.Name(), 200), Path: filepath.Join(dir, e.Name()), Folder: e.IsDir()}
		if st, err := os.Stat(f.Path); err == nil { // through links
			f.Folder = st.IsDir()
			if !f.Folder {
				f.Note = Size(st.Size()) + " · "
			}
			f.Note += When(st.ModTime(), now)
		}
		if f.Folder {
			f.Path = withSlash(f.Path)
		}
		lines = append(lines, f)
	}
	rank := func(f FoundFile) int {
		n := 0
		if !strings.HasPrefix(fold(f.Name), part) {
			n = 2
		}
		if !f.Folder {
			n++
		}
		return n
	}
	slices.SortStableFunc(lines, func(a, b FoundFile) int {
		if r := rank(a) - rank(b); r != 0 {
			return r
		}
		return strings.Compare(fold(a.Name), fold(b.Name))
	})
	switch {
	case len(lines) == 0 && part != "":
		note = "Nothing in " + dir + " has that in its name."
	case len(lines) == 0:
		note = "This folder is empty."
	case len(lines) > filesCap:
		note = "Only the first " + Count(filesCap) + " are listed: type more of the name."
		lines = lines[:filesCap]
	}
	return lines, note
}
