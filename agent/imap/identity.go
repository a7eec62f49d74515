package imap

import (
	"context"
	"slices"
	"strings"

	goimap "github.com/emersion/go-imap/v2"

	"postrider/agent/message"
	"postrider/offline"
)

// maxFound bounds how many messages a search for one Message-ID may name and
// still be looked at: servers match parts of it, so that a short one can name
// many.
const maxFound = 1000

// identityItems is what tells whether a message is the one that was looked for.
var identityItems = &goimap.FetchOptions{UID: true, BodySection: []*goimap.FetchItemBodySection{{
	Specifier: goimap.PartSpecifierHeader, HeaderFields: []string{"Message-ID"}, Peek: true,
}}}

// FindIdentity finds the messages in f with a Message-ID, given with <>, sorted;
// see agent.Filer. What the server names is looked at, since SEARCH matches parts
// (RFC 3501 section 6.4.4).
func (m *Mailbox) FindIdentity(ctx context.Context, f offline.Folder, identity string) (found []uint32, err error) {
	op := "look for a message in " + f.Name
	inside, ok := strings.CutPrefix(identity, "<")
	inside, ok2 := strings.CutSuffix(inside, ">")
	if !ok || !ok2 || !quotable(inside) || strings.ContainsAny(inside, "<> ") || inside == "" {
		return nil, &offline.Fault{Class: offline.FaultRejected, Op: op, Text: "what is looked for is not a Message-ID"}
	}
	err = m.beside(ctx, op, func(s *session) error {
		sel, err := s.examine(ctx, f.Name)
		if err != nil {
			return err
		}
		if f.Cursor.UIDValidity != 0 && sel.uidValidity != f.Cursor.UIDValidity {
			return &offline.Fault{Class: offline.FaultExpired, Op: op, Text: "the server has numbered the folder anew"}
		}
		if sel.messages == 0 {
			return nil
		}
		// Without <>: some programs leave it out of the header.
		uids, err := s.search(ctx, op, &goimap.SearchCriteria{Header: []goimap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: inside}}})
		if err != nil {
			return err
		}
		found, err = s.whoseIdentity(ctx, op, uids, identity)
		return err
	})
	return found, err
}

// whoseIdentity lists those of uids whose Message-ID it really is.
func (s *session) whoseIdentity(ctx context.Context, op string, uids []uint32, identity string) ([]uint32, error) {
	if len(uids) == 0 {
		return nil, nil
	}
	if len(uids) > maxFound {
		uids = uids[len(uids)-maxFound:] // the newest ones
	}
	stop := s.bind(ctx)
	list, ferr := s.fetch(uidSet(uids), identityItems, maxHeaderBytes)
	stop()
	if err := s.fault(ctx, op, ferr, offline.FaultServer); err != nil {
		return nil, err
	}
	got, missing := answers(uids, list)
	if len(missing) > 0 {
		more, _, err := s.askAgain(ctx, op, missing, identityItems, maxHeaderBytes)
		if err != nil {
			return nil, err
		}
		for u, it := range more {
			got[u] = it
		}
	}
	var found []uint32
	for u, it := range got {
		if message.Header(it.body, it.date).Identity == identity {
			found = append(found, u)
		}
	}
	slices.Sort(found)
	return found, nil
}
