package main

import (
	"go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed says which of our packages each package may import, and why no more.
// A folder's rule holds for what lies below it, unless that has its own.
var allowed = []struct {
	dir     string
	imports []string
	why     string
}{
	{"offline", nil, "the ground floor: what everything stands on stands on nothing"},
	{"agent/health", []string{"offline"}, "words problems; knows only the classes of failure"},
	{"agent/track", []string{"offline"}, "pure decisions"},
	{"agent/merge", []string{"offline"}, "pure decisions"},
	{"agent/vobject", nil, "lines of text, whatever they mean"},
	{"agent/recur", []string{"offline"}, "pure: times from rules"},
	{"agent/itemtext", []string{"offline", "agent/vobject", "agent/recur"}, "pure: what the lines of an item mean"},
	{"agent/message", []string{"offline"}, "pure parsing"},
	{"agent/compose", []string{"offline"}, "pure writing"},
	{"agent/book", []string{"offline"}, "pure: it is given records and finds them"},
	{"agent/mailserver", []string{"offline"}, "what IMAP and SMTP have in common; reaches nothing itself"},
	{"agent/imap", []string{"offline", "agent/message", "agent/mailserver"}, "an adapter knows its protocol, and neither the agent nor another adapter"},
	{"agent/smtp", []string{"offline", "agent/mailserver"}, "an adapter knows its protocol, and neither the agent nor another adapter"},
	{"agent/smtp/smtptest", []string{"offline", "agent/smtp", "agent/mailserver", "agent/imap/imaptest"}, "for tests: lets Dovecot check the passwords for Postfix"},
	{"agent/dav", []string{"offline"}, "an adapter knows its protocol, and neither the agent nor another adapter"},
	{"agent/dataverse", []string{"offline", "agent/recur"}, "an adapter knows its protocol, and neither the agent nor another adapter"},
	{"agent", []string{"offline", "agent/health", "agent/track", "agent/merge", "agent/message", "agent/compose", "agent/book", "agent/recur"}, "the agent knows no protocol: it declares what it needs and is handed adapters"},
	{"ui", []string{"offline", "agent", "agent/book", "agent/compose", "agent/health", "agent/merge", "agent/message", "agent/recur", "agent/track", "assets", "ui"}, "the windows never know a network"},
	{"assets", nil, "pictures and words"},
	{"app/localorg", nil, "a server like any other: it shares nothing with its clients"},
	{"app/demo", []string{"app/localorg", "app/demo", "offline"}, "a world outside the program: it shares with what lives in it only how addresses are compared"},
	{"app", []string{"offline", "agent", "ui", "app", "assets"}, "puts the parts together"},
	{".", []string{"app"}, "reads the command line"},
}

func TestArrowsRunDownwardsOnly(t *testing.T) {
	err := filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() || dir != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" {
			if d.IsDir() && dir != "." {
				return filepath.SkipDir
			}
			return nil
		}
		pkg, err := build.ImportDir(dir, 0)
		if err != nil {
			return nil // no Go files here
		}
		rule := ruleOf(filepath.ToSlash(dir))
		for _, path := range pkg.Imports {
			ours, ok := strings.CutPrefix(path, "postrider/")
			if !ok || within(ours, rule.dir) && rule.dir != "agent" && rule.dir != "app" {
				continue
			}
			if !slices.ContainsFunc(rule.imports, func(a string) bool {
				return ours == a || a != "agent" && within(ours, a) || a == "agent" && rule.dir == "app" && within(ours, a)
			}) {
				t.Errorf("%s imports %s, but may import only %v: %s", dir, ours, rule.imports, rule.why)
			}
		}
		for _, path := range pkg.Imports {
			if strings.HasPrefix(path, "fyne.io/") && rule.dir != "ui" && rule.dir != "assets" {
				t.Errorf("%s imports %s: only ui draws", dir, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func within(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

func ruleOf(dir string) (rule struct {
	dir     string
	imports []string
	why     string
}) {
	for _, r := range allowed {
		if within(dir, r.dir) && len(r.dir) >= len(rule.dir) {
			rule = r
		}
	}
	if rule.dir == "" {
		rule = allowed[len(allowed)-1]
	}
	return rule
}
