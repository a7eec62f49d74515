package track

import (
	"cmp"
	"slices"

	"postrider/offline"
)

// Correlate finds the email that a message answers, in the documented order
// (R-TOKEN-01); the first that finds one wins:
//
//  1. In-Reply-To, and where that names nothing that is in the CRM, References;
//  2. the tracking token in the subject, of several emails that bear it the most
//     recent one (R-TOKEN-12);
//  3. the root of the conversation index (Thread-Index);
//  4. smart matching.
//
// Of the last two the latest earlier email is taken: both tell that two messages
// are of one conversation, not which of them answers the other. Most recent is
// what was sent last, not what was tracked last, so that it does not depend on the
// order in which messages came.
func Correlate(m *offline.Message, f Facts, s Settings) (Parent, offline.Cause, bool) {
	if !s.NoHeaders {
		if len(f.Replied) > 0 {
			return f.Replied[0], offline.CauseReply, true
		}
		if len(f.Referenced) > 0 {
			return f.Referenced[0], offline.CauseReply, true
		}
	}
	if len(f.ByToken) > 0 {
		if p, ok := latest(m, f.ByToken); ok {
			return p, offline.CauseToken, true
		}
		// Who tracked a later message first knows the token, too.
		return slices.MinFunc(f.ByToken, func(a, b Parent) int {
			return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.Record.ID, b.Record.ID))
		}), offline.CauseToken, true
	}
	if !s.NoHeaders {
		if p, ok := latest(m, f.ByThread); ok {
			return p, offline.CauseThread, true
		}
	}
	if s.Smart.On {
		if p, ok := latest(m, f.BySubject); ok {
			return p, offline.CauseSmart, true
		}
	}
	return Parent{}, "", false
}

// latest is the last email that was sent no later than m.
func latest(m *offline.Message, ps []Parent) (last Parent, ok bool) {
	for _, p := range ps {
		if p.Date.After(m.Date) {
			continue
		}
		if !ok || p.Date.After(last.Date) || p.Date.Equal(last.Date) && p.Record.ID < last.Record.ID {
			last, ok = p, true
		}
	}
	return last, ok
}
