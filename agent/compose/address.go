package compose

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"postrider/offline"

	"golang.org/x/net/idna"
)

// Wire is an address as it goes out in SMTP and in the header: its domain in
// the ASCII form (RFC 5890), its local part quoted where it must be. The error
// says, for people, what is wrong with it.
func Wire(addr string) (string, error) {
	s := strings.TrimSpace(addr)
	if s == "" {
		return "", fmt.Errorf("an address is empty")
	}
	for _, r := range s {
		if r < ' ' || r >= 0x7F && r < 0xA0 || r == utf8.RuneError {
			return "", fmt.Errorf("%q is not a mail address: it has a character that can't be in one", addr)
		}
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return "", fmt.Errorf("%q is not a mail address: it must have the form name@domain", addr)
	}
	local, err := wireLocal(s[:at])
	if err != nil {
		return "", fmt.Errorf("%q is not a mail address: %w", addr, err)
	}
	domain, err := wireDomain(s[at+1:])
	if err != nil {
		return "", fmt.Errorf("%q is not a mail address: %w", addr, err)
	}
	if len(local)+1+len(domain) > 320 {
		return "", fmt.Errorf("%q is not a mail address: it is too long", addr)
	}
	return local + "@" + domain, nil
}

// wireLocal is the local part: a dot-atom, or a quoted string.
func wireLocal(s string) (string, error) {
	if len(s) > 256 { // RFC 5321 section 4.5.3.1.1 wants 64; some systems give longer ones out
		return "", fmt.Errorf("the part before @ is too long")
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		if s = unquote(s[1 : len(s)-1]); s == "" {
			return "", fmt.Errorf("there is nothing before @")
		}
	}
	for atom := range strings.SplitSeq(s, ".") {
		plain := atom != ""
		for i := 0; i < len(atom); i++ {
			plain = plain && (isAtext(atom[i]) || atom[i] >= utf8.RuneSelf)
		}
		if !plain {
			if strings.ContainsAny(s, "<>@,;") && !isASCII(s) {
				return "", fmt.Errorf("the part before @ has characters that can't be there")
			}
			return quoted(s), nil
		}
	}
	return s, nil
}

func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func wireDomain(s string) (string, error) {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") { // RFC 5321 section 4.1.3
		if _, err := netip.ParseAddr(strings.TrimPrefix(s[1:len(s)-1], "IPv6:")); err != nil {
			return "", fmt.Errorf("the address in brackets makes no sense")
		}
		return s, nil
	}
	ascii := s
	if !isASCII(s) {
		var err error
		if ascii, err = idna.Lookup.ToASCII(s); err != nil {
			return "", fmt.Errorf("the domain %q makes no sense", s)
		}
	}
	if len(ascii) > 253 {
		return "", fmt.Errorf("the domain is too long")
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", fmt.Errorf("the domain %q makes no sense", s)
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return "", fmt.Errorf("the domain %q makes no sense", s)
			}
		}
	}
	return ascii, nil
}

// NeedsUTF8 reports whether one of the addresses can be written only where the
// server knows SMTPUTF8 (RFC 6531): its local part is not ASCII.
func NeedsUTF8(addrs ...string) bool {
	for _, a := range addrs {
		if at := strings.LastIndexByte(a, '@'); at > 0 && !isASCII(a[:at]) {
			return true
		}
	}
	return false
}

// addressWords is an address with its name as words between which a line may
// break.
func addressWords(a offline.Address) ([]string, error) {
	addr, err := Wire(a.Addr)
	if err != nil {
		return nil, err
	}
	name := cleanText(a.Name)
	if name == "" {
		return []string{addr}, nil
	}
	addr = "<" + addr + ">"
	switch {
	case isASCII(name) && isAtoms(name) && isPlain(name):
		return append(strings.Split(name, " "), addr), nil
	case isASCII(name) && len(name) < 60 && !strings.Contains(name, "=?"):
		return []string{quoted(name), addr}, nil
	}
	return append(encodedWords(name, len("Subject: ")), addr), nil
}
