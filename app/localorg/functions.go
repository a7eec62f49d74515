package localorg

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

func jsonNumber(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// metadataID is an id for a description that stays the same between runs.
func metadataID(m map[string]any) string {
	table, _ := m["EntityLogicalName"].(string)
	name, _ := m["LogicalName"].(string)
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(table+"/"+name)).String()
}

// function is an unbound function (GET) or action (POST).
type function struct {
	action bool
	params []string // required
	run    func(r *request, args map[string]any) (map[string]any, error)
}

// functions are those of the service that mail and appointments need. What is here by name
// alone is known to the service and not played.
var functions = map[string]function{
	"WhoAmI":                {run: whoAmI},
	"CheckPromoteEmail":     {params: []string{"MessageId", "Subject"}, run: checkPromoteEmail},
	"CheckIncomingEmail":    {params: []string{"MessageId", "Subject", "From", "To", "Cc", "Bcc"}, run: checkIncomingEmail},
	"GetTrackingTokenEmail": {action: true, params: []string{"Subject"}, run: getTrackingToken},
	"RetrieveVersion":       {run: retrieveVersion},
	"DeleteOpenInstances":   {action: true, run: deleteOpenInstances},
	"AddRecurrence":         {action: true},
	"Book":                  {action: true},
	"Reschedule":            {action: true},

	"InitializeAttachmentBlocksUpload": {action: true, run: initializeBlocks},
	"CommitAttachmentBlocksUpload":     {action: true, params: []string{"FileContinuationToken"}, run: commitBlocks},

	"SendEmailFromTemplate": {action: true},
	"BackgroundSendEmail":   {action: true, run: backgroundSendEmail},
	"UploadBlock":           {action: true, params: []string{"BlockId", "BlockData", "FileContinuationToken"}, run: uploadBlock},
	"InstantiateTemplate":   {action: true, params: []string{"TemplateId", "ObjectType", "ObjectId"}, run: instantiateTemplate},
}

func (r *request) function(f function, seg segment) (*answer, error) {
	if f.action != (r.method == http.MethodPost) || !f.action && r.method != http.MethodGet {
		return nil, wrongVerb(r.method)
	}
	if f.run == nil {
		return nil, notImplemented(seg.name)
	}
	var args map[string]any
	var err error
	if f.action {
		args, err = r.object()
	} else {
		args, err = r.arguments(seg)
	}
	if err != nil {
		return nil, err
	}
	for _, p := range f.params {
		if _, ok := args[p].(string); !ok {
			return nil, badPayload("The parameter '%s' of '%s' is required and can't be null.", p, seg.name)
		}
	}
	out, err := f.run(r, args)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return &answer{status: http.StatusNoContent}, nil
	}
	if out["@odata.context"] == nil {
		out["@odata.context"] = r.base + "$metadata#Microsoft.Dynamics.CRM." + seg.name + "Response"
	}
	return jsonAnswer(http.StatusOK, appendValue(nil, out)), nil
}

// arguments reads those of a function: Name(A=@a,B='x')?@a='y'.
func (r *request) arguments(seg segment) (map[string]any, error) {
	opts, err := splitOptions(r.rawQuery)
	if err != nil {
		return nil, err
	}
	params := aliases(opts)
	args := map[string]any{}
	for _, item := range splitOutside(seg.key, ',') {
		if strings.TrimSpace(item) == "" {
			continue
		}
		name, value, ok := strings.Cut(item, "=")
		value = strings.TrimSpace(value)
		if strings.HasPrefix(value, "@") {
			value, ok = params[value]
		}
		if !ok {
			return nil, badQuery("The argument '%s' has no value.", item)
		}
		if strings.HasPrefix(value, "{") {
			args[strings.TrimSpace(name)] = value
			continue
		}
		lit, err := parseLiteral(value)
		if err != nil {
			return nil, err
		}
		args[strings.TrimSpace(name)] = lit.lit
	}
	return args, nil
}

func whoAmI(r *request, _ map[string]any) (map[string]any, error) {
	return map[string]any{"BusinessUnitId": r.t.o.unit, "UserId": r.t.user, "OrganizationId": r.t.o.id}, nil
}

func retrieveVersion(r *request, _ map[string]any) (map[string]any, error) {
	return map[string]any{"Version": "9.2.0.0"}, nil
}

// Reasons of the Check functions.
const (
	reasonDuplicate     = 0
	reasonNoCorrelation = 1
	reasonCorrelation   = 2
	reasonNoRecipient   = 3
	reasonInternal      = 4
	reasonSender        = 5
	reasonAll           = 6
)

// byMessageID returns the emails made from a message.
func (t *tx) byMessageID(id string) []*row {
	d := t.table("email")
	if id == "" {
		return nil
	}
	return d.find(d.def.cols["messageid"], id)
}

// checkPromoteEmail says whether a message may be tracked by hand: unless one
// of that direction is there already.
func checkPromoteEmail(r *request, args map[string]any) (map[string]any, error) {
	t := r.t
	emails := t.table("email").def
	if err := t.allowed(emails, Read, nil); err != nil {
		return nil, err
	}
	for _, e := range t.byMessageID(args["MessageId"].(string)) {
		code, given := args["DirectionCode"].(int64)
		if !given || (code != 0) == e.truth(emails.cols["directioncode"]) {
			return map[string]any{"ShouldPromote": false, "ReasonCode": reasonDuplicate}, nil
		}
	}
	return map[string]any{"ShouldPromote": true, "ReasonCode": reasonAll}, nil
}

// checkIncomingEmail says whether the service would track a message by itself,
// by the filters of the users and queues it is to.
func checkIncomingEmail(r *request, args map[string]any) (map[string]any, error) {
	t := r.t
	if err := t.allowed(t.table("email").def, Read, nil); err != nil {
		return nil, err
	}
	deliver := func(reason int) (map[string]any, error) {
		return map[string]any{"ShouldDeliver": reason == reasonCorrelation || reason == reasonSender || reason == reasonAll, "ReasonCode": reason}, nil
	}
	text := func(name string) string { s, _ := args[name].(string); return s }
	if len(t.byMessageID(text("MessageId"))) > 0 {
		return deliver(reasonDuplicate)
	}
	methods := t.filtersOf(append(addresses(text("To")), addresses(text("Cc"))...))
	if len(methods) == 0 {
		return deliver(reasonNoRecipient)
	}
	from := addresses(text("From"))
	if ignore, _ := t.setting("ignoreinternalemail").(bool); ignore && t.holds(from, "systemuser", "queue") {
		return deliver(reasonInternal)
	}
	switch {
	case slices.Contains(methods, 0):
		return deliver(reasonAll)
	case slices.Contains(methods, 1) && t.correlates(text("Subject")):
		return deliver(reasonCorrelation)
	case slices.Contains(methods, 2) && t.holds(from, "lead", "contact", "account"),
		slices.Contains(methods, 3) && t.holds(from, "lead", "contact", "account", "systemuser", "queue", "team", "businessunit"):
		return deliver(reasonSender)
	}
	return deliver(reasonNoCorrelation)
}

// addresses cuts a list at its semicolons.
func addresses(s string) []string {
	var out []string
	for a := range strings.SplitSeq(s, ";") {
		if a = strings.TrimSpace(a); a != "" {
			out = append(out, a)
		}
	}
	return out
}

// filtersOf are the filtering methods of the users and queues with these addresses.
func (t *tx) filtersOf(addrs []string) []int64 {
	var out []int64
	users, queues, settings := t.table("systemuser"), t.table("queue"), t.table("usersettings")
	for _, a := range addrs {
		for _, u := range users.find(users.def.cols["internalemailaddress"], a) {
			out = append(out, settings.rows[u.id].number(settings.def.cols["incomingemailfilteringmethod"]))
		}
		for _, q := range queues.find(queues.def.cols["emailaddress"], a) {
			out = append(out, q.number(queues.def.cols["incomingemailfilteringmethod"]))
		}
	}
	return out
}

// holds reports whether a row of one of these tables has one of the addresses.
func (t *tx) holds(addrs []string, tables ...string) bool {
	for _, name := range tables {
		d := t.table(name)
		for _, c := range d.def.indexes {
			if !strings.Contains(c.Name, "emailaddress") {
				continue
			}
			for _, a := range addrs {
				if len(d.find(c, a)) > 0 {
					return true
				}
			}
		}
	}
	return false
}

// correlates reports whether a subject bears a token of an email that is there.
func (t *tx) correlates(subject string) bool {
	d := t.table("email")
	token := t.tokenIn(subject)
	return token != "" && len(d.find(d.def.cols["trackingtoken"], token)) > 0
}

func getTrackingToken(r *request, args map[string]any) (map[string]any, error) {
	if token := r.t.tokenIn(args["Subject"].(string)); token != "" {
		return map[string]any{"TrackingToken": token}, nil
	}
	token, err := r.t.nextToken(r.t.user)
	return map[string]any{"TrackingToken": token}, err
}
