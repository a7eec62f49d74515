package message

import (
	"fmt"
	"mime"
	"path"
	"strings"
)

// part is the header of a part.
type part struct {
	fields      map[string]string // unfolded, the first of each name, names in lower case
	media       string            // "text/plain" if none is given or it makes no sense
	params      map[string]string
	disposition string
	filename    string
	named       bool // it names a file or calls itself an attachment
}

// partFields are the fields of a part that mean something here.
var partFields = map[string]bool{
	"content-type": true, "content-disposition": true, "content-transfer-encoding": true, "content-id": true,
}

func newPart(head string) *part {
	p := &part{fields: map[string]string{}}
	var name, value string
	keep := func() {
		if _, dup := p.fields[name]; name != "" && !dup {
			p.fields[name] = strings.TrimSpace(value)
		}
		name, value = "", ""
	}
	for line := range strings.Lines(head) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			if name != "" {
				value += line
			}
			continue
		}
		keep()
		if i := strings.IndexByte(line, ':'); i > 0 {
			if n := strings.ToLower(strings.TrimSpace(line[:i])); partFields[n] {
				name, value = n, line[i+1:]
			}
		}
	}
	keep()

	p.media, p.params = contentType(p.fields["content-type"])
	var dparams map[string]string
	if d := p.fields["content-disposition"]; d != "" {
		p.disposition, dparams = parameters(d)
	}
	p.filename = dparams["filename"]
	if p.filename == "" {
		p.filename = p.params["name"]
	}
	p.named = p.filename != "" || p.disposition == "attachment"
	return p
}

func (p *part) head(name string) string { return p.fields[name] }

// contentType reads a Content-Type; a part without one is plain text.
func contentType(v string) (media string, params map[string]string) {
	if v == "" {
		return "text/plain", nil
	}
	media, params = parameters(v)
	if mediaType(media) == "" {
		if strings.EqualFold(media, "text") { // RFC 822's word
			return "text/plain", params
		}
		return "application/octet-stream", params
	}
	return mediaType(media), params
}

// parameters reads "value; name=value ..." with RFC 2231's continuations, and
// what mime.ParseMediaType refuses as well as it can.
func parameters(v string) (string, map[string]string) {
	v = cut(v, 8000)
	if m, params, err := mime.ParseMediaType(v); err == nil {
		return m, params
	}
	params := map[string]string{}
	head, rest, _ := strings.Cut(uncomment(v), ";")
	for rest != "" && len(params) < 50 {
		rest = strings.TrimLeft(rest, "; \t\r\n")
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		name = strings.ToLower(strings.TrimSpace(name))
		after = strings.TrimLeft(after, " \t")
		var value string
		if strings.HasPrefix(after, `"`) {
			value, rest, _ = strings.Cut(after[1:], `"`)
		} else {
			value, rest, _ = strings.Cut(after, ";")
			value = strings.TrimSpace(value)
		}
		if _, dup := params[name]; !dup && token(name) {
			params[name] = value
		}
	}
	return strings.ToLower(strings.TrimSpace(head)), params
}

// isText reports whether the part is to be shown rather than kept as a file. Text
// of a kind that is not known is shown as it is, as RFC 2046 section 4.1.4 wants;
// as one of several versions it is left to those who know it.
func (p *part) isText(in kind) bool {
	switch {
	case !strings.HasPrefix(p.media, "text/"), p.disposition == "attachment":
		return false
	case p.media == "text/plain", p.media == "text/html":
		return p.filename == "" || p.disposition == "inline"
	}
	return !p.named && in.multipart != "alternative" && in.multipart != "report" && !forPrograms[strings.TrimPrefix(p.media, "text/")]
}

// forPrograms are the kinds of text that nobody reads as they are.
var forPrograms = map[string]bool{
	"calendar": true, "vcard": true, "x-vcard": true, "directory": true, "csv": true, "tab-separated-values": true, "rtf": true, "xml": true,
	"css": true, "javascript": true, "ecmascript": true, "rfc822-headers": true, "x-amp-html": true, "watch-html": true,
}

func (p *part) charset() string { return strings.ToLower(strings.TrimSpace(p.params["charset"])) }

// contentID is the part's Content-ID without <>, by which HTML refers to it.
func (p *part) contentID() string {
	return cut(strings.Trim(clean(decoder{}.utf8(p.fields["content-id"])), "<> "), 250)
}

// fileName is a name under which the part can be stored anywhere.
func (p *part) fileName(n int) string {
	name := p.filename
	if name == "" && p.media == "message/rfc822" {
		name = "message.eml"
	}
	if name == "" {
		name = fmt.Sprintf("part-%d%s", n, extension(p.media))
	}
	name = decoder{}.text(name)
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"/|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if deviceName(name) {
		name = "_" + name
	}
	if strings.Trim(name, "._ ") == "" {
		name = fmt.Sprintf("part-%d%s", n, extension(p.media))
	}
	if p.media == "message/rfc822" && !strings.EqualFold(path.Ext(name), ".eml") {
		name += ".eml"
	}
	if ext := path.Ext(name); len(name) > 200 {
		if len(ext) > 20 {
			ext = ""
		}
		name = cut(strings.TrimSuffix(name, ext), 200-len(ext)) + ext
	}
	return name
}

// deviceName reports whether Windows takes a file's name for a device.
func deviceName(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base = strings.TrimSpace(base); base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) && base[3] >= '0' && base[3] <= '9'
}

// extension is that of a file of a media type, for parts without a name. It does
// not ask the system's tables, so that the same message gives the same names
// everywhere.
func extension(media string) string {
	switch media {
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/calendar":
		return ".ics"
	case "text/vcard", "text/x-vcard":
		return ".vcf"
	case "text/csv":
		return ".csv"
	case "message/rfc822":
		return ".eml"
	case "application/pdf":
		return ".pdf"
	case "application/zip":
		return ".zip"
	case "application/ms-tnef", "application/vnd.ms-tnef":
		return ".dat"
	case "application/pkcs7-signature", "application/x-pkcs7-signature":
		return ".p7s"
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return ".p7m"
	case "application/pgp-signature":
		return ".asc"
	case "image/jpeg":
		return ".jpg"
	case "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff":
		return "." + strings.TrimPrefix(media, "image/")
	case "message/delivery-status", "message/disposition-notification", "text/rfc822-headers":
		return ".txt"
	}
	return ".bin"
}
