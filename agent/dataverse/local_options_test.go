package dataverse_test

import (
	"strings"

	"postrider/app/localorg"
	"postrider/offline"
)

// options makes the rows of organization and user settings those of o.
func (l *local) options(o offline.Options) {
	l.t.Helper()
	counter := 3
	if o.TokenDigits > 0 {
		counter = o.TokenDigits - o.TokenUserDigits - 1
	}
	org := map[string]any{
		"trackingprefix": strings.Join(o.TokenPrefixes, ";"), "trackingtokeniddigits": max(o.TokenUserDigits, 1), "trackingtokenidbase": o.TokenBase,
		"maximumtrackingnumber": strings.Repeat("9", counter), "emailcorrelationenabled": o.CorrelateHeader,
		"enablesmartmatching": o.Smart, "hashfilterkeywords": o.SmartNoise, "hashmaxcount": o.SmartMaxWords, "hashdeltasubjectcount": o.SmartSubjectDelta, "hashminaddresscount": o.SmartMinPeople,
		"maxuploadfilesize": o.MaxAttachment, "blockedattachments": strings.Join(o.Blocked, ";"),
		"unresolveemailaddressifmultiplematch": o.UnresolveMany, "resolvesimilarunresolvedemailaddress": !o.ResolveOneByOne, "allowunresolvedpartiesonemailsend": o.SendUnresolved,
		"ignoreinternalemail": !o.TwoActivities, "isfolderbasedtrackingenabled": !o.NoFolders, "maxfolderbasedtrackingmappings": max(o.MaxFolders, 1),
		"iscontactmailingaddresssyncenabled": !o.ThreeAddresses,
	}
	org["maximumtrackingnumber"] = number(org["maximumtrackingnumber"].(string))
	filter := map[string]int{"all": 0, "replies": 1, "people": 2, "records": 3, "none": 4}[o.Filter]
	auto := map[offline.Kind]int{"": 0, offline.KindContact: 1, offline.KindLead: 2}[o.AutoCreate]
	l.update("organization", l.org.ID(), org)
	l.update("usersettings", l.me, map[string]any{"incomingemailfilteringmethod": filter, "autocreatecontactonpromote": auto, "trackingtokenid": o.TokenUser,
		"synccontactcompany": o.Company, "timezonecode": map[string]int{"Asia/Tokyo": 235, "": 92}[o.Zone]})
}

func number(digits string) (n int) {
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}

func (l *local) update(table, id string, row map[string]any) {
	l.t.Helper()
	if err := l.org.Update(table, id, row); err != nil {
		l.t.Fatalf("%s: %v", table, err)
	}
}

// methods makes the user's mailbox record that of m.
func (l *local) methods(m offline.Methods) {
	l.t.Helper()
	for _, box := range l.org.Rows("mailbox", func(row map[string]any) bool { return row["_regardingobjectid_value"] == l.me }) {
		l.update("mailbox", box["mailboxid"].(string), map[string]any{
			"incomingemaildeliverymethod": map[offline.Method]int{offline.MethodNone: 0, offline.MethodClient: 1, offline.MethodServer: 2, offline.MethodForward: 3}[m.Incoming],
			"outgoingemaildeliverymethod": map[offline.Method]int{offline.MethodNone: 0, offline.MethodClient: 1, offline.MethodServer: 2}[m.Outgoing],
			"actdeliverymethod":           map[offline.Method]int{offline.MethodClient: 0, offline.MethodServer: 1, offline.MethodNone: 2}[m.ACT],
		})
	}
	if m.MayChange {
		l.org.Allow(l.me, "mailbox", localorg.Write)
	} else {
		l.org.Deny(l.me, "mailbox", localorg.Write)
	}
}
