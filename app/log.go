package app

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"

	"gopkg.in/natefinch/lumberjack.v2"
)

// openLog returns the profile's log: JSON lines in log/postrider.log, rotated
// at 2 MB, five old ones kept for a month. What goes in says what was done and
// how it ended; secrets, addresses, names, subjects and bodies never do: the
// handler drops the attributes by which they could come, and errors are cut to
// what the classes of failure say.
func openLog(home string, level slog.Level) (*slog.Logger, io.Closer, error) {
	dir := filepath.Join(home, "log")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	w := &lumberjack.Logger{Filename: filepath.Join(dir, "postrider.log"), MaxSize: 2, MaxBackups: 5, MaxAge: 31}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: discreet})), w, nil
}

// discreet keeps out of the log what an attribute could tell about people.
func discreet(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case "password", "token", "secret", "subject", "address", "from", "to", "name", "body", "text":
		return slog.String(a.Key, "(left out)")
	}
	if err, ok := a.Value.Any().(error); ok {
		return slog.String(a.Key, withoutAddresses(err.Error()))
	}
	if a.Value.Kind() == slog.KindString {
		return slog.String(a.Key, withoutAddresses(a.Value.String()))
	}
	return a
}

// withoutAddresses puts "…@…" in the place of each mail address and Message-ID,
// and "…" in the place of each quoted text, which may be a subject or a name.
func withoutAddresses(s string) string {
	s = quoted.ReplaceAllString(s, `"…"`)
	return address.ReplaceAllString(s, "…@…")
}

var (
	address = regexp.MustCompile(`<?[^\s<>"'(),;:]+@[^\s<>"'(),;]+>?`)
	quoted  = regexp.MustCompile(`"[^"]*"|'[^']*'|“[^”]*”`)
)
