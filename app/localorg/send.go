package localorg

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// maxSubjectWithToken is what subject and token may be together.
const maxSubjectWithToken = 255

// boundAction answers a POST of an action on one row.
func (r *request) boundAction(tab *Table, id, name string) (*answer, error) {
	if r.method != http.MethodPost {
		return nil, wrongVerb(r.method)
	}
	if tab.Name == "systemuser" && (name == "InstantiateFilters" || name == "ResetUserFilters") {
		if _, err := r.existing(tab, id, Read); err != nil {
			return nil, err
		}
		return r.filterAction(id, name)
	}
	if name != "SendEmail" || tab.Name != "email" {
		if strings.HasPrefix(name, "Deliver") && tab.Name == "email" {
			return nil, notImplemented(name)
		}
		return nil, noSegment("Microsoft.Dynamics.CRM." + name)
	}
	found, err := r.existing(tab, id, Write)
	if err != nil {
		return nil, err
	}
	args, err := r.object()
	if err != nil {
		return nil, err
	}
	issue, ok := args["IssueSend"].(bool)
	if !ok {
		return nil, badPayload("The parameter 'IssueSend' of 'SendEmail' is required and can't be null.")
	}
	token, _ := args["TrackingToken"].(string)
	subject, err := r.t.send(tab, found, issue, token)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"@odata.context": r.base + "$metadata#Microsoft.Dynamics.CRM.SendEmailResponse", "Subject": subject}
	return jsonAnswer(http.StatusOK, appendValue(nil, out)), nil
}

// send marks an email as sent, or puts it where somebody else sends it from.
func (t *tx) send(tab *Table, email *row, issue bool, token string) (string, error) {
	status := email.number(tab.status)
	if isClosed(tab, email) && status != emailPending && status != emailSending {
		return "", refuse(400, codeActivityClosed, "The email with Id = %s is closed and can't be sent.", email.id)
	}
	if err := t.checkSendable(email); err != nil {
		return "", err
	}
	next := int64(emailSent)
	if issue {
		if t.outgoingMethod(t.user) == 0 {
			return "", badValue("The user has no outgoing delivery method; the email can't be sent.")
		}
		next = emailPending
	}
	subject := withToken(email.text(tab.cols["subject"]), token)
	body := map[string]any{"statecode": jsonNumber(stateCompleted), "statuscode": jsonNumber(next), "directioncode": true, "subject": subject}
	if token != "" {
		body["trackingtoken"] = token
	}
	was := t.seed
	t.seed = true // what a client may not write on an email that waits to be sent
	defer func() { t.seed = was }()
	return subject, t.update(tab, email.id, body)
}

// checkSendable wants one sender and somebody to send to, resolved unless the
// organization allows otherwise.
func (t *tx) checkSendable(email *row) error {
	if len(t.partiesOf(email.id, maskSender)) != 1 {
		return badValue("The email must have one sender to be sent.")
	}
	to := t.partiesOf(email.id, maskTo, maskCc, maskBcc)
	if len(to) == 0 {
		return badValue("The email must have at least one recipient before it can be sent.")
	}
	if loose, _ := t.setting("allowunresolvedpartiesonemailsend").(bool); loose {
		return nil
	}
	for _, p := range to {
		if p.get(t.party("partyid")) == nil {
			return badValue("One or more of the recipients are not resolved; the email can't be sent.")
		}
	}
	return nil
}

// withToken puts the token at the end of a subject, which is cut for it. A
// subject that has it already stays as it is.
func withToken(subject, token string) string {
	if token == "" || strings.Contains(strings.ToLower(subject), strings.ToLower(token)) {
		return subject
	}
	room := maxSubjectWithToken - utf16Len(token) - 1
	if room < 0 {
		return subject
	}
	return strings.TrimSpace(cut(subject, room) + " " + token)
}

// tokenShape is how the organization's tokens are made.
type tokenShape struct {
	prefixes       []string
	user, counter  int // digits
	base, counters int64
}

func (t *tx) tokenShape() tokenShape {
	number := func(name string) int64 { n, _ := t.setting(name).(int64); return n }
	prefixes, _ := t.setting("trackingprefix").(string)
	s := tokenShape{user: int(number("trackingtokeniddigits")), base: number("trackingtokenidbase"), counters: number("maximumtrackingnumber")}
	for p := range strings.SplitSeq(prefixes, ";") {
		if p != "" {
			s.prefixes = append(s.prefixes, p)
		}
	}
	s.counter = len(fmt.Sprint(s.counters))
	return s
}

// tokenIn returns the last tracking token in a subject, "" if there is none or
// tokens are off.
func (t *tx) tokenIn(subject string) string {
	s := t.tokenShape()
	last, at := "", -1
	for _, p := range s.prefixes {
		re, err := regexp.Compile(fmt.Sprintf(`(?i)%s\d{%d}`, regexp.QuoteMeta(p), 1+s.user+s.counter))
		if err != nil {
			continue
		}
		for _, m := range re.FindAllStringIndex(subject, -1) {
			if m[0] > at {
				last, at = subject[m[0]:m[1]], m[0]
			}
		}
	}
	return last
}

func pow10(digits int) int64 {
	n := int64(1)
	for range digits {
		n *= 10
	}
	return n
}

// nextToken makes a token of a user and counts on: the online digit 0, the
// user's number, the user's counter, which begins again after its last value.
func (t *tx) nextToken(user string) (string, error) {
	s := t.tokenShape()
	if len(s.prefixes) == 0 {
		return "", badValue("Tracking tokens are turned off in this organization.")
	}
	d := t.table("usersettings")
	settings := d.rows[user]
	n := settings.number(d.def.cols["nexttrackingnumber"])
	if n > s.counters {
		n = 0
	}
	t.touch(d.def, settings, func(w *write) { w.put("nexttrackingnumber", n+1) })
	// The base is added here, not when the user gets a number: what the books say
	// of a base of 500 is that the first user's tokens bear 501, and the
	// organization may choose one later. A number too long for its digits keeps
	// the last of them, so that the token can be recognised.
	number := settings.number(d.def.cols["trackingtokenid"]) + s.base
	return fmt.Sprintf("%s0%0*d%0*d", s.prefixes[0], s.user, number%pow10(s.user), s.counter, n), nil
}
