package agent

import (
	"context"
	"fmt"
	"strconv"

	"postrider/offline"

	"github.com/google/uuid"
)

// learn asks the CRM for the emails that these messages are, or answer, or bear
// the token of, as far as that is not known, and keeps what it says. What was
// asked once is not asked again in the same sync; what colleagues track later
// comes with the pull.
func (a *Agent) learn(ctx context.Context, keys []uint64) error {
	s := a.trackSettings()
	var identities, tokens []string
	want := func(list *[]string, mark, id string, known func() (bool, error)) error {
		if id == "" || a.asked[mark+id] {
			return nil
		}
		a.asked[mark+id] = true
		is, err := known()
		if err == nil && !is {
			*list = append(*list, id)
		}
		return err
	}
	err := a.Store.View(func(tx *offline.Tx) error {
		byIdentity := func(id string) error {
			return want(&identities, "id ", id, func() (bool, error) {
				rs, err := tx.EmailByIdentity(id)
				return len(rs) > 0, err
			})
		}
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				continue // gone meanwhile
			}
			ids := append([]string{m.Identity}, m.InReplyTo...)
			for _, id := range append(ids, m.References...) {
				if err := byIdentity(id); err != nil {
					return err
				}
			}
			token := s.Tokens.Find(m.Subject)
			if err := want(&tokens, "token ", token, func() (bool, error) {
				rs, err := tx.EmailByToken(token)
				return len(rs) > 0, err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	found, err := a.ask(ctx, identities, tokens)
	if err != nil {
		// Not asked after all: the next try must ask again.
		clear(a.asked)
		return fmt.Errorf("look for emails in the CRM: %w", err)
	}
	if len(found) == 0 {
		return nil
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		for i := range found {
			if err := tx.PutRecord(&found[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *Agent) ask(ctx context.Context, identities, tokens []string) (found []offline.Record, err error) {
	if len(identities) > 0 {
		if found, err = a.CRM.EmailsByIdentity(ctx, identities); err != nil {
			return nil, err
		}
	}
	if len(tokens) > 0 {
		byToken, err := a.CRM.EmailsByToken(ctx, tokens)
		if err != nil {
			return nil, err
		}
		found = append(found, byToken...)
	}
	return found, nil
}

// namespace makes the ids of our email records. Never change it: two
// Postriders of two colleagues must choose the same id for the same message.
var namespace = uuid.MustParse("6e2ab3de-3c47-5a0f-9d7e-1f0c2a9b6d51")

// recordID chooses the id of the email record of a message. It follows from the
// organization and the message's identity, so that whoever tracks the message,
// on whatever computer, chooses the same one and a second create is recognised
// by the CRM itself. With two activities (R-EMAIL-22) the direction counts, too.
func (a *Agent) recordID(m *offline.Message) string {
	u := a.me()
	name := u.Organization + "\x00" + m.Identity
	if u.Options.TwoActivities {
		name += "\x00" + strconv.FormatBool(m.Outgoing)
	}
	return uuid.NewSHA1(namespace, []byte(name)).String()
}
