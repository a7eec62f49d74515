package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"postrider/agent"
	"postrider/offline"
)

// matchJSON is what the first contact of a kind comes to, while the user has not
// confirmed it.
type matchJSON struct {
	Kind      offline.Kind `json:"kind"`
	Links     int          `json:"links"`     // recognised as the same
	Down      int          `json:"down"`      // to be put into the calendars, task lists and address books
	Up        int          `json:"up"`        // to be made in the CRM
	Ambiguous int          `json:"ambiguous"` // groups that the user has to pair
	Alone     int          `json:"alone"`     // stay here, tracked by nobody
	// Unread are what is to be read before anybody can say.
	Unread []string `json:"unread,omitempty"`
}

// matches are those of the kinds that wait for the user's word.
func matches(a *agent.Agent) ([]matchJSON, error) {
	all, err := a.FirstContacts()
	var out []matchJSON
	for _, f := range all {
		if !f.Confirmed {
			out = append(out, matchJSON{f.Kind, len(f.Links), len(f.Down), len(f.Up), len(f.Ambiguous), f.Alone, f.Unread})
		}
	}
	return out, err
}

// confirm takes the match report as it is, and says whether there was one.
func confirm(a *agent.Agent) (bool, error) {
	all, err := a.FirstContacts()
	if err != nil || !slices.ContainsFunc(all, func(f agent.FirstContact) bool { return !f.Confirmed && len(f.Unread) == 0 }) {
		return false, err
	}
	return true, a.ConfirmFirstContact(offline.ItemKinds[:], nil)
}

// fullSync is one sync and, where the user says yes to what the first contact
// comes to, another one that does it. sync does one.
func fullSync(ctx context.Context, a *agent.Agent, yes bool, sync func(context.Context) (agent.Report, error, error)) (syncJSON, error) {
	report, failed, err := sync(ctx)
	if err != nil {
		return syncJSON{}, err
	}
	if yes && failed == nil {
		said, err := confirm(a)
		if err != nil {
			return syncJSON{}, err
		}
		if said {
			first := report
			if report, failed, err = sync(ctx); err != nil {
				return syncJSON{}, err
			}
			report.Requests, report.Took = first.Requests.Add(report.Requests), first.Took+report.Took
		}
	}
	out := toSyncJSON(report, failed)
	out.Match, err = matches(a)
	return out, err
}

// printItems tells of appointments, contacts and tasks.
func printItems(w io.Writer, items map[offline.Kind]offline.Counts, match []matchJSON) {
	names := map[offline.Kind]string{offline.KindAppointment: "appointments", offline.KindContact: "contacts", offline.KindTask: "tasks"}
	for _, k := range offline.ItemKinds {
		if n, ok := items[k]; ok {
			fmt.Fprintf(w, "%d %s: %d tracked, %d not tracked, %d waiting, %d failed\n", n.Seen, names[k], n.Tracked, n.Skipped, n.Waiting, n.Failed)
		}
	}
	for _, m := range match {
		if len(m.Unread) > 0 {
			fmt.Fprintf(w, "%s begin once these have been read: %s\n", names[m.Kind], strings.Join(m.Unread, ", "))
			continue
		}
		fmt.Fprintf(w, "%s wait for your word (--yes): %d are recognised in the CRM, %d come from there, %d go there, %d are for you to pair, %d stay as they are\n",
			names[m.Kind], m.Links, m.Down, m.Up, m.Ambiguous, m.Alone)
	}
}
