package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"path/filepath"
	"strings"

	"postrider/agent"
	"postrider/offline"

	"github.com/spf13/cobra"
)

// outgoing is a message to be sent, as the command line describes it.
type outgoing struct {
	Kind      agent.DraftKind `json:"kind"`
	Answers   string          `json:"answers,omitempty"` // Message-ID
	To        []string        `json:"to,omitempty"`
	Cc        []string        `json:"cc,omitempty"`
	Bcc       []string        `json:"bcc,omitempty"`
	Subject   string          `json:"subject,omitempty"`
	Text      string          `json:"text,omitempty"`
	Files     []string        `json:"files,omitempty"` // full paths
	Regarding string          `json:"regarding,omitempty"`
	Track     *bool           `json:"track,omitempty"` // nil: as the answered message, or where there is a regarding
}

func (c *commands) send() *cobra.Command {
	var l outgoing
	var reply, replyAll, forward string
	var track, asJSON bool
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send a message; its text is read from standard input",
		Long: `Send a message. Its text is read from standard input. It is put into the outbox at
once; the running Postrider, or the next sync, hands it to the mail server, files
it in Sent and, where it is tracked, makes the email in the CRM.

An answer (--reply, --reply-all) takes its recipients, subject and what it is
about from the message that it answers.`,
		Example: `  echo 'Dear Jana, …' | postrider send --to jana@example.com --subject Offer --regarding account:00000000-0000-0000-0000-000000000000
  postrider send --reply '<id@example.com>' < answer.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l.Kind = agent.DraftNew
			for kind, id := range map[agent.DraftKind]string{agent.DraftReply: reply, agent.DraftReplyAll: replyAll, agent.DraftForward: forward} {
				if id == "" {
					continue
				}
				if l.Answers != "" {
					return usageError("give only one of --reply, --reply-all and --forward")
				}
				l.Kind, l.Answers = kind, id
			}
			if cmd.Flags().Changed("track") {
				l.Track = &track
			}
			return c.sendLetter(cmd.Context(), l, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&l.To, "to", nil, "a recipient, as address or Name <address>; may be given more than once")
	f.StringArrayVar(&l.Cc, "cc", nil, "a recipient of a copy")
	f.StringArrayVar(&l.Bcc, "bcc", nil, "a recipient that the others don't see")
	f.StringVar(&l.Subject, "subject", "", "the subject")
	f.StringArrayVar(&l.Files, "attach", nil, "a file to attach; may be given more than once")
	f.StringVar(&l.Regarding, "regarding", "", "track it, about this record, as kind:id")
	f.BoolVar(&track, "track", false, "track it, or with --track=false don't (default: as the answered message)")
	f.StringVar(&reply, "reply", "", "answer the sender of this message, by its Message-ID")
	f.StringVar(&replyAll, "reply-all", "", "answer everybody of this message")
	f.StringVar(&forward, "forward", "", "forward this message, with its attachments")
	f.BoolVar(&asJSON, "json", false, "print one JSON object (see docs/cli.md)")
	return cmd
}

// maxLetter bounds the text that is read from standard input, in bytes.
const maxLetter = 16 << 20

func (c *commands) sendLetter(ctx context.Context, l outgoing, asJSON bool) error {
	if _, ok := offline.ParseRef(l.Regarding); l.Regarding != "" && !ok {
		return usageError(fmt.Sprintf("--regarding %q is not kind:id", l.Regarding))
	}
	for _, list := range [][]string{l.To, l.Cc, l.Bcc} {
		if _, err := parseAddresses(list); err != nil {
			return err
		}
	}
	for i, file := range l.Files {
		full, err := filepath.Abs(file)
		if err != nil {
			return usageError(fmt.Sprintf("--attach %q: %v", file, err))
		}
		l.Files[i] = full
	}
	text, err := io.ReadAll(io.LimitReader(c.in, maxLetter+1))
	if err != nil {
		return fmt.Errorf("read the text from standard input: %w", err)
	}
	if len(text) > maxLetter {
		return usageError("the text is longer than 16 MB; attach it as a file instead")
	}
	l.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	home, err := homeOf(c.home)
	if err != nil {
		return err
	}
	var out draftJSON
	err = ask(ctx, home, request{Do: "send", Letter: &l}, &out)
	if errors.Is(err, errNotRunning) {
		out, err = withAgent(ctx, home, func(a *agent.Agent) (draftJSON, error) { return send(ctx, a, &l) })
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(c.out).Encode(out)
	}
	fmt.Fprintf(c.out, "%d: %s %s\n", out.ID, out.MessageID, out.State)
	return nil
}

// withAgent does something with the agent of a profile on which none runs.
func withAgent[T any](ctx context.Context, home string, do func(*agent.Agent) (T, error)) (out T, err error) {
	p, err := openProfile(ctx, home)
	if err != nil {
		return out, err
	}
	out, err = do(p.Agent)
	return out, errors.Join(err, p.Close())
}

// parseAddresses reads addresses as a person writes them. An argument may hold
// several, with commas.
func parseAddresses(list []string) (out []offline.Address, err error) {
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{}}
	for _, s := range list {
		found, err := p.ParseList(s)
		if err != nil {
			return nil, usageError(fmt.Sprintf("%q is not a mail address: %v", s, strings.TrimPrefix(err.Error(), "mail: ")))
		}
		for _, a := range found {
			out = append(out, offline.Address{Name: a.Name, Addr: a.Address})
		}
	}
	return out, nil
}

// send puts a letter into the outbox. A command has no time for Undo: it goes
// with the next chance.
func send(ctx context.Context, a *agent.Agent, l *outgoing) (out draftJSON, err error) {
	if l == nil {
		return out, errors.New("nothing to send was given")
	}
	d, err := draftOf(ctx, a, l)
	if err != nil {
		return out, err
	}
	if err := a.SaveDraft(&d); err != nil {
		return out, err
	}
	if _, err := a.Send(d.ID); err != nil {
		return out, errors.Join(err, a.DiscardDraft(d.ID))
	}
	if err := a.RetrySend(d.ID); err != nil {
		return out, err
	}
	return describeDraft(a.Store, d.ID)
}

// draftOf makes the draft of a letter.
func draftOf(ctx context.Context, a *agent.Agent, l *outgoing) (d offline.Draft, err error) {
	var key uint64
	if l.Answers != "" {
		keys, err := keysOf(a.Store, []string{l.Answers})
		if err != nil {
			return d, err
		}
		key = keys[0]
	}
	about, err := regardingOf(a, l.Regarding)
	if err != nil {
		return d, err
	}
	if d, err = a.NewDraft(ctx, l.Kind, key, about); err != nil {
		return d, err
	}
	for _, part := range []struct {
		to   *[]offline.Address
		from []string
	}{{&d.To, l.To}, {&d.Cc, l.Cc}, {&d.Bcc, l.Bcc}} {
		more, err := parseAddresses(part.from)
		if err != nil {
			return d, err
		}
		*part.to = append(*part.to, more...)
	}
	if l.Subject != "" {
		d.Subject = l.Subject
	}
	d.Text = l.Text + d.Text
	for _, file := range l.Files {
		d.Files = append(d.Files, offline.DraftFile{Name: filepath.Base(file), Path: file})
	}
	if l.Track != nil {
		d.Track = *l.Track
	}
	return d, nil
}
