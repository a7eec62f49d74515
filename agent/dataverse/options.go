package dataverse

import (
	"slices"
	"strings"

	"postrider/offline"
)

// Columns that Me asks for (table reference: systemuser, usersettings,
// mailbox, organization). Older servers lack some of them.
var (
	userColumns     = []string{"fullname", "internalemailaddress", "incomingemaildeliverymethod", "outgoingemaildeliverymethod"}
	settingsColumns = []string{"incomingemailfilteringmethod", "autocreatecontactonpromote", "trackingtokenid", "timezonecode", "synccontactcompany"}
	mailboxColumns  = []string{"mailboxid", "_regardingobjectid_value", "incomingemaildeliverymethod", "outgoingemaildeliverymethod", "actdeliverymethod"}
	orgColumns      = []string{
		"trackingprefix", "trackingtokeniddigits", "trackingtokenidbase", "maximumtrackingnumber", "emailcorrelationenabled",
		"enablesmartmatching", "hashfilterkeywords", "hashmaxcount", "hashdeltasubjectcount", "hashminaddresscount",
		"maxuploadfilesize", "blockedattachments", "unresolveemailaddressifmultiplematch", "resolvesimilarunresolvedemailaddress",
		"allowunresolvedpartiesonemailsend", "ignoreinternalemail", "isfolderbasedtrackingenabled", "maxfolderbasedtrackingmappings",
		"iscontactmailingaddresssyncenabled",
	}
)

// filters by usersettings.incomingemailfilteringmethod.
var filters = []string{"all", "replies", "people", "records", "none"}

// created by usersettings.autocreatecontactonpromote. The reference gives the
// column no list of values; these are what the settings dialog writes.
var created = []offline.Kind{"", offline.KindContact, offline.KindLead}

// Methods by the columns of mailbox and systemuser (table reference: mailbox).
// Those of appointments, contacts and tasks are counted in another order.
var (
	incomingMethods = []offline.Method{offline.MethodNone, offline.MethodClient, offline.MethodServer, offline.MethodForward}
	outgoingMethods = []offline.Method{offline.MethodNone, offline.MethodClient, offline.MethodServer}
	actMethods      = []offline.Method{offline.MethodClient, offline.MethodServer, offline.MethodNone}
)

// at reads a choice column; ok is false where it is empty or has a value that
// is not one of n.
func (r row) at(col string, n int) (i int, ok bool) {
	if r[col] == nil {
		return 0, false
	}
	v := r.number(col)
	return int(v), v >= 0 && v < int64(n)
}

func methodOf(r row, col string, methods []offline.Method) offline.Method {
	if i, ok := r.at(col, len(methods)); ok {
		return methods[i]
	}
	return ""
}

// options reads the rows of the organization and of the user's settings. What
// a server does not have counts as it is by default.
func options(org, settings row) offline.Options {
	on := func(col string, missing bool) bool {
		if org[col] == nil {
			return missing
		}
		return org.yes(col)
	}
	o := offline.Options{
		CorrelateHeader: on("emailcorrelationenabled", true),
		// On by default in the books on premises, off in later ones (R-TOKEN-04);
		// the column has the word, and where there is none it is off.
		Smart:             on("enablesmartmatching", false),
		SmartNoise:        org.text("hashfilterkeywords"),
		SmartMaxWords:     int(org.number("hashmaxcount")),
		SmartSubjectDelta: int(org.number("hashdeltasubjectcount")),
		SmartMinPeople:    int(org.number("hashminaddresscount")),
		MaxAttachment:     org.number("maxuploadfilesize"),
		UnresolveMany:     on("unresolveemailaddressifmultiplematch", false),
		ResolveOneByOne:   !on("resolvesimilarunresolvedemailaddress", true),
		SendUnresolved:    on("allowunresolvedpartiesonemailsend", false),
		TwoActivities:     !on("ignoreinternalemail", true),
		NoFolders:         !on("isfolderbasedtrackingenabled", true),
		MaxFolders:        int(org.number("maxfolderbasedtrackingmappings")),
	}
	o.ThreeAddresses = !on("iscontactmailingaddresssyncenabled", true)
	o.Company = settings.yes("synccontactcompany")
	if settings["timezonecode"] != nil {
		o.Zone = zoneName(settings.number("timezonecode"))
	}
	if i, ok := settings.at("incomingemailfilteringmethod", len(filters)); ok {
		o.Filter = filters[i]
	}
	if i, ok := settings.at("autocreatecontactonpromote", len(created)); ok {
		o.AutoCreate = created[i]
	}
	// The column holds the prefixes used so far, the current one first; an
	// empty one means that tokens are off.
	o.TokenPrefixes = split(org.text("trackingprefix"))
	if len(o.TokenPrefixes) > 0 {
		o.TokenUserDigits = userDigits(org)
		o.TokenDigits = 1 + o.TokenUserDigits + counterDigits(org)
		o.TokenBase = int(org.number("trackingtokenidbase"))
		o.TokenUser = int(settings.number("trackingtokenid"))
	}
	for _, ext := range split(strings.ToLower(org.text("blockedattachments"))) {
		o.Blocked = append(o.Blocked, strings.TrimPrefix(ext, "."))
	}
	return o
}

// userDigits is how many digits of a token's number are the user's: three by
// default, at most ten (R-TOKEN-09).
func userDigits(org row) int {
	if n := int(org.number("trackingtokeniddigits")); n > 0 && n <= 10 {
		return n
	}
	return 3
}

// counterDigits is how many are the counter's, whose ceiling tells its length:
// 999 by default (R-TOKEN-10).
func counterDigits(org row) int {
	if n := len(org.text("maximumtrackingnumber")); n > 0 && n <= 9 {
		return n
	}
	return 3
}

func split(s string) (out []string) {
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}

// choice finds the value of a choice column that stands for v.
func choice[T comparable](values []T, v T) (int, bool) {
	i := slices.Index(values, v)
	return i, i >= 0
}
