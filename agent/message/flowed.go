package message

import "strings"

// unflow joins the lines that a mail program broke only because they were long
// (RFC 3676): one that ends in a blank goes on in the next, if both are quoted
// equally deep. delSp: the blank was put there by the breaking.
func unflow(text string, delSp bool) string {
	var out strings.Builder
	open, depth := false, 0 // the last line goes on, and how deep it is quoted
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		body := strings.TrimLeft(line, ">")
		quoted := len(line) - len(body)
		body = strings.TrimPrefix(body, " ") // stuffed, so that it begins with neither > nor From
		signature := body == "-- "
		if open && (quoted != depth || signature) {
			out.WriteByte('\n')
			open = false
		}
		if !open && quoted > 0 {
			out.WriteString(strings.Repeat(">", quoted) + " ")
		}
		open, depth = strings.HasSuffix(body, " ") && !signature, quoted
		if open && delSp {
			body = body[:len(body)-1]
		}
		out.WriteString(body)
		if !open && ended {
			out.WriteByte('\n')
		}
	}
	return out.String()
}
