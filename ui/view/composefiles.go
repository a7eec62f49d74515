package view

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postrider/offline"
)

// AddFiles attaches files of this computer by their paths. They are read when Send
// is pressed.
func (d *Desk) AddFiles(paths []string) {
	c := d.Compose
	if c == nil {
		return
	}
	d.Deeds.later(func() func() {
		var files []offline.DraftFile
		var bad []string
		for _, p := range paths {
			f, err := fileAt(p)
			if err != nil {
				bad = append(bad, err.Error())
				continue
			}
			files = append(files, f)
		}
		return func() {
			if len(bad) > 0 {
				d.Deeds.say(Toast{Text: OneLine(strings.Join(bad, "; "), 300), Bad: true})
			}
			if c.gone {
				return
			}
			if !c.Ready() {
				c.extra = append(c.extra, files...)
				return
			}
			c.attach(files)
		}
	})
}

func (c *Compose) attach(files []offline.DraftFile) {
	if len(files) > 0 {
		c.draft.Files = append(c.draft.Files, files...)
		c.showFiles()
		c.edited()
		c.tell()
	}
}

func fileAt(path string) (offline.DraftFile, error) {
	path = strings.TrimPrefix(strings.TrimSpace(path), "file://")
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return offline.DraftFile{}, fmt.Errorf("%s can't be attached: it is not there, or may not be read", filepath.Base(path))
	case st.IsDir():
		return offline.DraftFile{}, fmt.Errorf("%s is a folder: choose files in it", filepath.Base(path))
	case !st.Mode().IsRegular():
		return offline.DraftFile{}, fmt.Errorf("%s is no ordinary file, so it can't be attached", filepath.Base(path))
	}
	return offline.DraftFile{Name: filepath.Base(path), Path: path, Size: st.Size()}, nil
}

// RemoveFile takes attachment i away.
func (c *Compose) RemoveFile(i int) {
	if i >= 0 && i < len(c.draft.Files) {
		c.draft.Files = slices.Delete(slices.Clone(c.draft.Files), i, i+1)
		c.showFiles()
		c.edited()
		c.tell()
	}
}

func (c *Compose) showFiles() {
	c.Files = nil
	o := c.env.options()
	for _, f := range c.draft.Files {
		l := FileLine{Name: OneLine(f.Name, 120), Size: Size(f.Size)}
		ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.Name), "."))
		switch {
		case ext != "" && slices.Contains(o.Blocked, ext):
			l.Problem = "The CRM takes no ." + ext + ": it goes out with the mail, and is left out of the CRM's copy."
		case o.MaxAttachment > 0 && f.Size > o.MaxAttachment:
			l.Problem = "The CRM takes at most " + Size(o.MaxAttachment) + ": it goes out with the mail, and is left out of the CRM's copy."
		}
		c.Files = append(c.Files, l)
	}
}

// Size is a number of bytes for people: "820 B", "48 KB", "1.2 MB".
func Size(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%d KB", (n+500)/1000)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
