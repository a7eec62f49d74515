package localorg

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A stored value is nil, string (texts, GUIDs, days), int64, float64, bool, ref
// or stamp, or blobSize where the text is kept outside the row.
type (
	// ref is the value of a lookup.
	ref struct{ table, id string }
	// stamp is an instant in seconds since 1970 UTC: what the service keeps of it.
	stamp int64
	// blobSize stands for a text that is kept outside the row, by its length in bytes.
	blobSize int64
)

// earliest is the first instant that the service's database can hold.
var earliest = time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC)

func (s stamp) time() time.Time { return time.Unix(int64(s), 0).UTC() }
func (s stamp) String() string  { return s.time().Format("2006-01-02T15:04:05Z") }

// parseValue reads the value v, as decoded from JSON with numbers kept, for
// column c of table t.
func parseValue(t *Table, c *Column, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch c.Kind {
	case Text, Memo, Image:
		s, ok := v.(string)
		if !ok {
			return nil, wrongType(v, "Edm.String")
		}
		return checkText(t, c, s)
	case Int, BigInt, Choice:
		return parseInt(t, c, v)
	case Decimal:
		n, ok := v.(json.Number)
		f, err := strconv.ParseFloat(string(n), 64)
		if !ok || err != nil {
			return nil, wrongType(v, "Edm.Decimal")
		}
		return f, nil
	case Bool:
		b, ok := v.(bool)
		if !ok {
			return nil, wrongType(v, "Edm.Boolean")
		}
		return b, nil
	case GUID:
		s, _ := v.(string)
		id, ok := parseGUID(s)
		if !ok {
			return nil, wrongType(v, "Edm.Guid")
		}
		return id, nil
	case DateTime:
		return parseInstant(v)
	case DateOnly:
		s, _ := v.(string)
		day, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return nil, wrongType(v, "Edm.Date")
		}
		if day.Before(earliest) {
			return nil, tooEarly(day)
		}
		return s, nil
	}
	return nil, badPayload("The property '%s' on type '%s' is a lookup; bind it by its navigation property.", c.Name, t.typeName())
}

func parseInt(t *Table, c *Column, v any) (any, error) {
	n, ok := v.(json.Number)
	i, err := strconv.ParseInt(string(n), 10, 64)
	edm := "Edm.Int32"
	if c.Kind == BigInt {
		edm = "Edm.Int64"
	}
	if !ok || err != nil || c.Kind != BigInt && (i < math.MinInt32 || i > math.MaxInt32) {
		return nil, wrongType(v, edm)
	}
	if c.Kind == Choice {
		if _, ok := c.label(i); !ok {
			return nil, refuse(400, codeOutOfRange, "A validation error occurred. The value %d of '%s' on record of type '%s' is outside the valid range. Accepted Values: %s", i, c.Name, t.Name, accepted(c))
		}
	}
	if (c.Low != 0 || c.High != 0) && (i < c.Low || i > c.High) {
		return nil, refuse(400, codeOutOfRange, "A validation error occurred. The value %d of '%s' on record of type '%s' is outside the valid range. Accepted Values: %d - %d", i, c.Name, t.Name, c.Low, c.High)
	}
	return i, nil
}

func parseInstant(v any) (any, error) {
	s, _ := v.(string)
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return nil, wrongType(v, "Edm.DateTimeOffset")
	}
	if at.Before(earliest) {
		return nil, tooEarly(at)
	}
	return stamp(at.Unix()), nil
}

func tooEarly(at time.Time) error {
	return refuse(400, codeDateTooEarly, "DateTime is less than minimum value supported by CrmDateTime. Actual value: %s, Minimum value supported: 01/01/1753 00:00:00", at.UTC().Format("01/02/2006 15:04:05"))
}

func accepted(c *Column) string {
	vals := make([]string, len(c.Options))
	for i, o := range c.Options {
		vals[i] = strconv.FormatInt(o.Value, 10)
	}
	return strings.Join(vals, ",")
}

func wrongType(v any, edm string) error {
	shown, _ := json.Marshal(v)
	if len(shown) > 100 {
		shown = append(shown[:100], "..."...)
	}
	return badPayload("Error identified in Payload provided by the user ----> InnerException : Microsoft.OData.ODataException: Cannot convert the literal '%s' to the expected type '%s'.", strings.Trim(string(shown), `"`), edm)
}

// checkText refuses what the service refuses in a text: more UTF-16 units than
// the column holds, and characters that XML can't carry. An empty text is
// stored as null, as the service does.
func checkText(t *Table, c *Column, s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > c.Max && utf16Len(s) > c.Max {
		return nil, refuse(400, codeTooLong, "A validation error occurred.  The length of the '%s' attribute of the '%s' entity exceeded the maximum allowed length of '%d'.", c.Name, t.Name, c.Max)
	}
	for i := 0; i < len(s); i++ {
		if b := s[i]; b < 0x20 && b != '\t' && b != '\n' && b != '\r' {
			return nil, refuse(400, codeInvalidCharacters, "Invalid character in field '%s': '\\u%04x', hexadecimal value 0x%02X, is an invalid character.", c.Name, b, b)
		}
	}
	return s, nil
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// cut shortens s to at most max UTF-16 units, on a character boundary.
func cut(s string, max int) string {
	n := 0
	for i, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
		if n > max {
			return s[:i]
		}
	}
	return s
}

// parseGUID reads a GUID in its 36 character form and returns it in lower case.
func parseGUID(s string) (string, bool) {
	if len(s) != 36 {
		return "", false
	}
	for i := 0; i < 36; i++ {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return "", false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return "", false
			}
		}
	}
	return strings.ToLower(s), true
}

// fold is the form in which texts are compared: the service's usual collation
// ignores case and trailing spaces.
func fold(s string) string { return strings.ToLower(strings.TrimRight(s, " ")) }

// appendText appends s as a JSON string. Unlike encoding/json it leaves <, >
// and & as they are, which keeps HTML bodies at their size.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[from:i]...), "\ufffd"...)
				from = i + n
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

// appendValue appends a stored value as JSON. Lookups are their id.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendText(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	case bool:
		return strconv.AppendBool(b, v)
	case stamp:
		return append(append(append(b, '"'), v.String()...), '"')
	case ref:
		return appendText(b, v.id)
	case blobSize:
		return append(b, "null"...)
	}
	out, err := json.Marshal(v) // metadata: lists and objects
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, out...)
}
