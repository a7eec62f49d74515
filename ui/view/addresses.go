package view

import (
	"strings"
	"unicode"

	"postrider/agent/compose"
	"postrider/offline"
)

// Addressee is one recipient as it is written in a field. Problem says what is
// wrong with it; empty: mail can go there, as far as can be told here.
type Addressee struct {
	offline.Address
	Problem string
}

// ParseAddressees reads recipients as people write and paste them: separated by
// commas, semicolons, lines or spaces, with or without names, quotes and "mailto:".
// What is no address is kept as it stands, with its problem.
func ParseAddressees(s string) []Addressee {
	var out []Addressee
	parts := splitAddressees(s)
	for i := 0; i < len(parts); i++ {
		p := parts[i]
		// "Nováková, Jana <jana@x>": the comma is part of the name.
		if i+1 < len(parts) && !strings.Contains(p, "@") && !strings.Contains(p, "<") {
			if at := strings.IndexByte(parts[i+1], '<'); at > 0 {
				p += ", " + parts[i+1]
				i++
			}
		}
		if fs := strings.Fields(p); len(fs) > 1 && !strings.ContainsAny(p, `<"`) && allHaveAt(fs) {
			for _, f := range fs {
				out = append(out, readAddressee(f))
			}
			continue
		}
		out = append(out, readAddressee(p))
	}
	return out
}

func allHaveAt(fs []string) bool {
	for _, f := range fs {
		if !strings.Contains(f, "@") {
			return false
		}
	}
	return true
}

// splitAddressees divides at separators that are not within quotes or brackets.
func splitAddressees(s string) []string {
	var out []string
	var b strings.Builder
	quoted, bracket, escaped := false, false, false
	end := func() {
		if p := strings.TrimSpace(b.String()); p != "" {
			out = append(out, p)
		}
		b.Reset()
		quoted, bracket = false, false
	}
	for _, r := range s {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quoted:
			escaped = true
		case r == '\n' || r == '\r':
			end()
			continue
		case r == '"' && !bracket:
			quoted = !quoted
		case quoted:
		case r == '<':
			bracket = true
		case r == '>':
			bracket = false
		case (r == ',' || r == ';') && !bracket:
			end()
			continue
		case r == '\t':
			r = ' '
		}
		b.WriteRune(r)
	}
	end()
	return out
}

// EndsAddressee reports whether r, typed, ends a recipient: a comma or semicolon
// that is not within quotes.
func EndsAddressee(text string) bool {
	parts := splitAddressees(text)
	t := strings.TrimRightFunc(text, unicode.IsSpace)
	return len(parts) > 1 || len(parts) == 1 && len(splitAddressees(t+"x")) > 1
}

func readAddressee(p string) Addressee {
	a := Addressee{}
	addr := p
	if open := strings.LastIndexByte(p, '<'); open >= 0 {
		a.Name = unquoteName(p[:open])
		addr = p[open+1:]
		shut := strings.IndexByte(addr, '>')
		if shut < 0 {
			a.Problem = "the “>” behind the address is missing"
			shut = len(addr)
		} else if rest := strings.TrimSpace(addr[shut+1:]); rest != "" {
			a.Problem = "there is something behind the address"
		}
		addr = addr[:shut]
	}
	addr = strings.TrimSpace(addr)
	if len(addr) > 7 && strings.EqualFold(addr[:7], "mailto:") {
		addr, _, _ = strings.Cut(addr[7:], "?")
	}
	a.Addr = addr
	if a.Problem == "" {
		a.Problem = addressProblem(addr)
	}
	if a.Problem != "" && a.Name == "" {
		a.Addr = OneLine(p, 200)
	}
	a.Name = OneLine(a.Name, 120)
	if offline.Fold(a.Name) == offline.Fold(a.Addr) {
		a.Name = ""
	}
	return a
}

func unquoteName(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' && s[len(s)-1] == '"' || s[0] == '\'' && s[len(s)-1] == '\'') {
		s = s[1 : len(s)-1]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return strings.TrimSpace(b.String())
}

// addressProblem says in a few words what is wrong with an address: what a person
// can see and put right.
func addressProblem(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	quoted := strings.HasPrefix(addr, `"`)
	switch {
	case addr == "":
		return "there is no address"
	case at < 0:
		return "it has no @, so it is no address"
	case at == 0:
		return "nothing stands before the @"
	case at == len(addr)-1:
		return "nothing stands behind the @"
	case !quoted && strings.Count(addr, "@") > 1:
		return "it has more than one @"
	case !quoted && strings.ContainsFunc(addr, unicode.IsSpace):
		return "it has a space in it"
	case !quoted && (strings.HasPrefix(addr, ".") || strings.HasSuffix(addr[:at], ".") || strings.Contains(addr[:at], "..")):
		return "a dot is out of place before the @"
	case strings.HasPrefix(addr[at+1:], ".") || strings.HasSuffix(addr, ".") || strings.Contains(addr[at:], ".."):
		return "a dot is out of place behind the @"
	}
	if !quoted {
		if i := strings.IndexAny(addr[:at], `()<>[]:;,\"`); i >= 0 {
			return "“" + addr[i:i+1] + "” can't be in an address"
		}
	}
	if _, err := compose.Wire(addr); err != nil {
		msg := err.Error()
		if _, why, ok := strings.Cut(msg, "not a mail address: "); ok {
			msg = why
		}
		return msg
	}
	return ""
}

// WriteAddressee is a recipient as text, so that ParseAddressees reads it back.
func WriteAddressee(a offline.Address) string {
	if a.Name == "" {
		return a.Addr
	}
	name := a.Name
	if strings.ContainsAny(name, `,;<>"()@:\`) {
		name = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return name + " <" + a.Addr + ">"
}
