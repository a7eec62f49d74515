package agent

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"postrider/agent/track"
	"postrider/offline"

	"github.com/google/uuid"
)

// learn asks the CRM for the emails that these messages are, or answer, or bear
// the token of, as far as that is not known, and keeps what it says. Where that
// leaves open what becomes of a message, the CRM is asked for its conversation,
// too, and for the same subject where smart matching is on. What was asked once
// is not asked again in the same sync; what colleagues track later comes with the
// pull.
func (a *Agent) learn(ctx context.Context, keys []uint64) error {
	s := a.trackSettings()
	q := questions{asked: a.asked}
	if err := a.Store.View(func(tx *offline.Tx) error { return q.named(tx, keys, s) }); err != nil {
		return err
	}
	if err := a.keepFound(q.askNames(ctx, a.CRM)); err != nil {
		return err
	}
	if a.Conversations == nil || s.Filter == track.None || s.Elsewhere {
		return nil
	}
	if err := a.Store.View(func(tx *offline.Tx) error { return q.open(tx, keys, s) }); err != nil {
		return err
	}
	return a.keepFound(q.askConversations(ctx, a.Conversations))
}

// keepFound keeps what the CRM said to a question.
func (a *Agent) keepFound(found []offline.Record, err error) error {
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
			if err := a.storeRecord(tx, &found[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// questions are what the CRM is to be asked about some messages.
type questions struct {
	asked map[string]bool // what was asked in this sync

	identities, tokens, roots, subjects []string
	since                               time.Time // of subjects
}

// want notes a question unless it was asked before or the answer is known.
func (q *questions) want(list *[]string, mark, what string, known func() (bool, error)) error {
	if what == "" || q.asked[mark+what] {
		return nil
	}
	q.asked[mark+what] = true
	is, err := known()
	if err == nil && !is {
		*list = append(*list, what)
	}
	return err
}

// named asks for what the messages name: themselves, what they answer, a token.
func (q *questions) named(tx *offline.Tx, keys []uint64, s track.Settings) error {
	known := func(rs []offline.Record, err error) (bool, error) { return len(rs) > 0, err }
	for _, key := range keys {
		m, err := tx.Message(key)
		if err != nil {
			continue // gone meanwhile
		}
		ids := append([]string{m.Identity}, m.InReplyTo...)
		for _, id := range append(ids, m.References...) {
			if err := q.want(&q.identities, "id ", id, func() (bool, error) { return known(tx.EmailByIdentity(id)) }); err != nil {
				return err
			}
		}
		token := s.Tokens.Find(m.Subject)
		if err := q.want(&q.tokens, "token ", token, func() (bool, error) { return known(tx.EmailByToken(token)) }); err != nil {
			return err
		}
	}
	return nil
}

// minSubject is how many characters a subject must have to be asked for: "Hi"
// is in too many.
const minSubject = 4

// open asks for the conversations of messages that are not decided and that a
// rule would track, or be told more about, if they answered something.
func (q *questions) open(tx *offline.Tx, keys []uint64, s track.Settings) error {
	never := func() (bool, error) { return false, nil }
	for _, key := range keys {
		m, err := tx.Message(key)
		if err != nil || m.Track.State != "" {
			continue
		}
		answer := !s.NoHeaders && track.AnswersInThread(m.ThreadIndex)
		if !answer && !s.Smart.On {
			continue
		}
		f, err := facts(tx, &m, s)
		if err != nil {
			return err
		}
		if !track.Open(&m, f, s) {
			continue
		}
		if answer {
			if err := q.want(&q.roots, "thread ", track.ThreadRoot(m.ThreadIndex), never); err != nil {
				return err
			}
		}
		subject := s.Smart.Cut(m.Subject)
		if !s.Smart.On || utf8.RuneCountInString(subject) < minSubject {
			continue
		}
		if since := m.Date.AddDate(0, 0, -track.SmartDays); q.since.IsZero() || since.Before(q.since) {
			q.since = since
		}
		if err := q.want(&q.subjects, "subject ", subject, never); err != nil {
			return err
		}
	}
	return nil
}

func (q *questions) askNames(ctx context.Context, crm CRM) (found []offline.Record, err error) {
	if len(q.identities) > 0 {
		if found, err = crm.EmailsByIdentity(ctx, q.identities); err != nil {
			return nil, err
		}
	}
	if len(q.tokens) > 0 {
		more, err := crm.EmailsByToken(ctx, q.tokens)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

func (q *questions) askConversations(ctx context.Context, crm Conversations) (found []offline.Record, err error) {
	if len(q.roots) > 0 {
		if found, err = crm.EmailsByThread(ctx, q.roots); err != nil {
			return nil, err
		}
	}
	if len(q.subjects) > 0 {
		more, err := crm.EmailsBySubject(ctx, q.subjects, q.since)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
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

// personID chooses the id of the record that is made for an unknown sender: the
// same on every computer and for every user of the organization, so that the CRM
// recognises a second create by itself.
func (a *Agent) personID(kind offline.Kind, address string) string {
	return uuid.NewSHA1(namespace, []byte(a.me().Organization+"\x00"+string(kind)+"\x00"+offline.Fold(address))).String()
}
