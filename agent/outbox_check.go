package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postrider/agent/compose"
	"postrider/agent/track"
	"postrider/offline"
)

// Concern is something about a draft that the user should know before it goes.
type Concern struct {
	Stops bool   // it can't be sent like this
	Text  string // for people
}

// largeMail is from how many bytes on many mail servers take no message; base64
// makes a third more of them.
const largeMail = 25 << 20

// CheckDraft looks at a draft before it is sent. What stops it comes first.
func (a *Agent) CheckDraft(d offline.Draft) []Concern {
	var out []Concern
	stop := func(format string, args ...any) { out = append(out, Concern{true, fmt.Sprintf(format, args...)}) }
	warn := func(format string, args ...any) { out = append(out, Concern{false, fmt.Sprintf(format, args...)}) }

	if a.Sender == nil {
		stop("No mail server for sending is set up. Name it as smtp under [mailbox] in the configuration.")
	}
	if _, err := compose.Wire(d.From.Addr); err != nil {
		stop("The sender can't be used: %v.", err)
	}
	all := slices.Concat(d.To, d.Cc, d.Bcc)
	if len(all) == 0 {
		stop("There is nobody to send it to.")
	}
	for _, to := range all {
		if _, err := compose.Wire(to.Addr); err != nil {
			stop("%v.", err)
		} else if compose.NeedsUTF8(to.Addr) {
			warn("%s has letters before the @ that not every mail server can carry.", to.Addr)
		}
	}
	a.checkFiles(d, stop, warn)
	if d.Track {
		a.checkTracked(d, all, stop, warn)
	}
	if strings.TrimSpace(d.Subject) == "" {
		warn("It has no subject.")
	}
	if len(d.Files) == 0 && speaksOfFiles(d.Text) {
		warn("The text speaks of an attachment, but there is none.")
	}
	slices.SortStableFunc(out, func(x, y Concern) int {
		switch {
		case x.Stops == y.Stops:
			return 0
		case x.Stops:
			return -1
		}
		return 1
	})
	return out
}

func (a *Agent) checkFiles(d offline.Draft, stop, warn func(string, ...any)) {
	var size int64
	o := a.me().Options
	for _, f := range d.Files {
		n := f.Size
		if f.From == 0 {
			info, err := os.Stat(f.Path)
			if err != nil {
				stop("%s can't be attached: %v.", f.Name, reasonOf(err))
				continue
			}
			if !info.Mode().IsRegular() {
				stop("%s can't be attached: it is not a file.", f.Name)
				continue
			}
			n = info.Size()
		}
		size += n
		if !d.Track {
			continue
		}
		ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.Name), "."))
		if slices.Contains(o.Blocked, ext) {
			warn("%s goes to the recipients, but not into the CRM: the organization blocks files of this kind.", f.Name)
		} else if o.MaxAttachment > 0 && n > o.MaxAttachment {
			warn("%s goes to the recipients, but not into the CRM: it is larger than the organization allows.", f.Name)
		}
	}
	if size > largeMail {
		warn("The attachments are %d MB together; many mail servers refuse that.", size>>20)
	}
}

// reasonOf is why a file can't be read, without its path.
func reasonOf(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return errors.New("it is not there any more")
		case errors.Is(err, fs.ErrPermission):
			return errors.New("you may not read it")
		}
		return p.Err
	}
	return err
}

// checkTracked looks at what the CRM will say: recipients that are nobody there
// (R-EMAIL-18) stop a message that is to be tracked unless the organization
// allows it.
func (a *Agent) checkTracked(d offline.Draft, all []offline.Address, stop, warn func(string, ...any)) {
	me := a.me()
	if me.ID == "" {
		return // the CRM was never asked: nothing is known of anybody
	}
	unknown, err := a.unresolved(d)
	if err != nil {
		warn("Who the recipients are in the CRM could not be looked up: %v.", err)
	}
	switch {
	case len(unknown) == 0:
	case me.Options.SendUnresolved:
		warn("Not in the CRM: %s. The email is tracked without a link to them.", strings.Join(unknown, ", "))
	default:
		stop("Not in the CRM: %s. The organization does not allow tracked mail to unknown recipients; add them to the CRM, choose one of several, or don't track the message.", strings.Join(unknown, ", "))
	}
}

// unresolved are the recipients of a draft that stand for no record.
func (a *Agent) unresolved(d offline.Draft) (unknown []string, err error) {
	m := offline.Message{From: []offline.Address{d.From}, To: d.To, Cc: d.Cc, Bcc: d.Bcc, Outgoing: true}
	err = a.Store.View(func(tx *offline.Tx) error {
		r, err := a.resolution(tx)
		if err != nil {
			return err
		}
		parties, err := track.Parties(&m, r)
		for _, p := range parties {
			if p.Role != offline.RoleSender && len(p.Records) == 0 && !slices.Contains(unknown, p.Address.Addr) {
				unknown = append(unknown, p.Address.Addr)
			}
		}
		return err
	})
	return unknown, err
}

// speaksOfFiles guesses whether a text announces an attachment, from its own
// words and not from what it quotes.
func speaksOfFiles(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, ">") || strings.HasPrefix(line, "-----") {
			continue
		}
		low := strings.ToLower(line)
		for _, word := range []string{"attached", "attachment", "enclosed", "im anhang", "anbei", "angehängt", "v příloze", "přiložen", "w załączniku", "en pièce jointe", "ci-joint", "adjunto", "in allegato", "em anexo", "bijlage", "bifogad"} {
			if strings.Contains(low, word) {
				return true
			}
		}
	}
	return false
}
