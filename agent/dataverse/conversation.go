package dataverse

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/offline"
)

// rootBytes is the part of a conversation index that all messages of a
// conversation share ([MS-OXOMSG] section 2.2.1.3).
const rootBytes = 22

// EmailsByThread finds the email records of conversations, by the roots of
// their conversation indexes: 22 bytes in upper case hexadecimal digits.
//
// The platform's reference does not say how email.conversationindex is spelled:
// hexadecimal in what was seen, base64 in the header that it is made from. Both
// are asked for, and what comes is compared as bytes.
func (c *Client) EmailsByThread(ctx context.Context, roots []string) ([]offline.Record, error) {
	if !c.has("email", "conversationindex") {
		return nil, nil
	}
	wanted := map[string]bool{}
	var values []string
	for _, r := range roots {
		if r = threadRoot(r); r != "" {
			wanted[r] = true
			values = append(values, r)
		}
	}
	slices.Sort(values)
	begins := func(values []string) string {
		var terms []string
		for _, v := range values {
			for _, spelling := range spellings(v) {
				terms = append(terms, "startswith(conversationindex,"+quote(spelling)+")")
			}
		}
		return strings.Join(terms, " or ")
	}
	t, _ := tableOf(offline.KindEmail)
	var open []*search
	for run := range slices.Chunk(slices.Compact(values), 30) {
		open = append(open, &search{values: run, filter: begins})
	}
	rows, err := c.searchAll(ctx, "look for conversations", t, c.columns, "conversationindex", quote, open)
	if err != nil {
		if !c.has("email", "conversationindex") { // an old server: this way of correlating is closed
			return nil, nil
		}
		return nil, err
	}
	return slices.DeleteFunc(emailRecords(t, rows), func(r offline.Record) bool { return !wanted[threadRoot(r.Email.Thread)] }), nil
}

// threadRoot is the root of a conversation index in upper case hexadecimal
// digits, whether it is given so or in base64; "" where it is too short for one.
func threadRoot(index string) string {
	b, err := hex.DecodeString(index)
	if err != nil {
		if b, err = base64.StdEncoding.DecodeString(index); err != nil {
			return ""
		}
	}
	if len(b) < rootBytes {
		return ""
	}
	return strings.ToUpper(hex.EncodeToString(b[:rootBytes]))
}

// spellings are the ways in which an index of this root can begin.
func spellings(root string) []string {
	b, _ := hex.DecodeString(root)
	whole := rootBytes * 8 / 6 // digits of base64 that the root alone decides
	return []string{root, base64.StdEncoding.EncodeToString(b)[:whole]}
}

// EmailsBySubject finds the email records made on or after since whose subject
// contains one of these, the noise at its beginning cut; their people are all
// of sender and recipients. It is for smart matching (R-TOKEN-17..21).
func (c *Client) EmailsBySubject(ctx context.Context, subjects []string, since time.Time) ([]offline.Record, error) {
	const (
		perQuery = 15  // subjects: comparing within texts costs the platform dear
		most     = 500 // records of one query, the newest ones
	)
	var values []string
	for _, s := range subjects {
		if s = strings.TrimSpace(s); s != "" {
			values = append(values, s)
		}
	}
	slices.Sort(values)
	contains := func(values []string) string {
		terms := make([]string, len(values))
		for i, v := range values {
			terms[i] = "contains(subject," + quote(strings.ReplaceAll(v, "[", "_")) + ")" // [ begins a set of characters
		}
		return "createdon ge " + since.UTC().Format("2006-01-02T15:04:05Z") + " and (" + strings.Join(terms, " or ") + ")"
	}
	var open []*search
	for run := range slices.Chunk(slices.Compact(values), perQuery) {
		open = append(open, &search{values: run, filter: contains, params: []param{{"$orderby", "createdon desc"}, {"$top", strconv.Itoa(most)}}})
	}
	const what = "look for messages of the same subject"
	t, _ := tableOf(offline.KindEmail)
	rows, err := c.searchAll(ctx, what, t, c.columns, "subject", quote, open)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(emailRecords(t, rows), func(r offline.Record) bool {
		name := strings.ToLower(r.Name)
		return !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(name, strings.ToLower(v)) })
	})
	return out, c.addPeople(ctx, what, out)
}

// addPeople adds the addresses of all parties: the rows themselves tell no copies.
func (c *Client) addPeople(ctx context.Context, what string, emails []offline.Record) error {
	byID := map[string]*offline.Email{}
	var ids []string
	for i := range emails {
		byID[emails[i].ID] = emails[i].Email
		ids = append(ids, emails[i].ID)
	}
	parties := table{logical: "activityparty", set: "activityparties", id: "activitypartyid"}
	only := func(table) []string { return []string{"_activityid_value", "participationtypemask", "addressused"} }
	var open []*search
	for run := range slices.Chunk(ids, 60) {
		open = append(open, &search{values: run, or: true})
	}
	rows, err := c.searchAll(ctx, what, parties, only, "_activityid_value", func(s string) string { return s }, open)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if e := byID[strings.ToLower(r.text("_activityid_value"))]; e != nil && slices.Contains(partyMasks, r.number("participationtypemask")) {
			e.People = addPerson(e.People, r.text("addressused"))
		}
	}
	return nil
}

// partyMasks are the participation types of sender and recipients. The
// platform adds owner and regarding by itself.
var partyMasks = []int64{1, 2, 3, 4}

// Token asks the CRM for the tracking token of a new email, "" where the
// organization uses none (R-TOKEN-03). It counts the user's counter on.
func (c *Client) Token(ctx context.Context, subject string) (string, error) {
	const what = "ask for a tracking token"
	off := false
	c.under(func() { off = !c.user.IsZero() && len(c.opts.TokenPrefixes) == 0 })
	if off {
		return "", nil
	}
	r, err := c.act(ctx, what, "GetTrackingTokenEmail", map[string]any{"Subject": subject})
	if err != nil {
		switch offline.ClassOf(err) {
		case offline.FaultRejected, offline.FaultProtocol, offline.FaultNotFound: // switched off, or not known there
			return "", nil
		}
		return "", err
	}
	return strings.TrimSpace(r.text("TrackingToken")), nil
}

// act carries out one action and returns what it says.
func (c *Client) act(ctx context.Context, what, path string, args map[string]any) (row, error) {
	got, err := c.batch(ctx, what, []part{{ops: []op{{method: "POST", path: path, body: marshal(args)}}}})
	if err != nil {
		return nil, err
	}
	if r := got[0][0]; !r.ok() {
		return nil, c.fault(what, r)
	} else if len(r.body) > 0 {
		var v row
		return v, decode(what, r.body, &v)
	}
	return row{}, nil
}
