package view

import (
	"context"
	"strings"

	"postrider/agent"
	"postrider/offline"
)

// MethodLine says who moves one direction of the user's mail, by the user's
// mailbox record in the CRM (R-METHOD-01).
type MethodLine struct {
	Incoming bool
	Title    string
	Text     string
	Ours     bool   // Postrider does
	Change   string // what a button would say that gives it to Postrider; empty: not to be changed here
}

// MethodLines words the methods of a mailbox record; nothing where they are not
// known.
func MethodLines(m offline.Methods) []MethodLine {
	if m.Incoming == "" && m.Outgoing == "" {
		return nil
	}
	in := MethodLine{Incoming: true, Title: "Incoming mail: " + methodName(m.Incoming)}
	switch m.Incoming {
	case offline.MethodClient, "":
		in.Ours = true
		in.Text = "Postrider tracks by your rules, by folders and by hand."
	case offline.MethodNone:
		in.Text = "The CRM is set so that nobody carries it there. Postrider tracks nothing by a rule; what you track by hand, by folder or by keyword goes as ever."
	case offline.MethodForward:
		in.Text = "A forward mailbox collects it for the CRM. Postrider tracks nothing by a rule; what you track by hand, by folder or by keyword goes as ever."
	default:
		in.Text = "The CRM's server carries it (server-side synchronization or the email router). Postrider tracks nothing by a rule, so that nothing is done twice; what you track by hand, by folder or by keyword goes as ever."
	}
	out := MethodLine{Title: "Outgoing mail of the CRM: " + methodName(m.Outgoing)}
	switch m.Outgoing {
	case offline.MethodClient, "":
		out.Ours = true
		out.Text = "What you write in the CRM can be sent from here."
	case offline.MethodNone:
		out.Text = "What you write in the CRM stays there as Pending Send. What you write here is sent."
	default:
		out.Text = "The CRM's server sends what you write in the CRM. What you write here is sent from here."
	}
	for _, l := range []*MethodLine{&in, &out} {
		switch {
		case l.Ours:
		case m.MayChange && m.Mailbox != "":
			l.Change = "Let Postrider do it"
		default:
			l.Text += " Your administrator can change it on your mailbox record."
		}
	}
	return []MethodLine{in, out}
}

func methodName(m offline.Method) string {
	switch m {
	case offline.MethodNone:
		return "nobody"
	case offline.MethodServer:
		return "the CRM's server"
	case offline.MethodForward:
		return "a forward mailbox"
	}
	return "Postrider"
}

// methodWords are the methods for the line at the bottom of the window: "" where
// Postrider moves all of it.
func methodWords(lines []MethodLine) string {
	var parts []string
	for _, l := range lines {
		if l.Ours {
			continue
		}
		_, who, _ := strings.Cut(l.Title, ": ")
		if l.Incoming {
			parts = append(parts, "incoming mail: "+who)
		} else {
			parts = append(parts, "CRM's outgoing mail: "+who)
		}
	}
	return strings.Join(parts, ", ")
}

// LetPostrider asks the CRM to leave one direction of the mail to this program.
func (d *Desk) LetPostrider(incoming bool) {
	e := d.env
	if e.self == nil {
		return
	}
	m := e.options().Methods
	was, text := m, "Outgoing mail of the CRM is left to Postrider"
	in, out := offline.Method(""), offline.MethodClient
	if incoming {
		in, out, text = offline.MethodClient, "", "Incoming mail is left to Postrider"
	}
	d.Deeds.run(text, func() (agent.Undo, error) {
		if err := e.self.SetMethods(in, out); err != nil {
			return nil, err
		}
		return func() error {
			if incoming {
				return e.self.SetMethods(was.Incoming, "")
			}
			return e.self.SetMethods("", was.Outgoing)
		}, nil
	})
}

// CRMSender is the part of an Agent that sends mail which was written in the CRM,
// where the user allows it (R-EMAIL-26, R-OPTIONS-07). Both wait for the disk.
type CRMSender interface {
	CRMMail() (on bool, err error)
	SetCRMMail(on bool) error
}

// readCRMMail finds out whether mail of the CRM may be sent from here.
func (d *Desk) readCRMMail() {
	e := d.env
	if e.crmSender == nil {
		return
	}
	d.crmMail.do(func(context.Context) func() {
		on, err := e.crmSender.CRMMail()
		return func() {
			if err != nil {
				e.log.Warn("whether mail of the CRM may be sent could not be read", "err", err)
				return
			}
			d.CRMMail, d.CanCRMMail = on, true
			e.tell(PartStatus)
		}
	})
}

// SetCRMMail allows or forbids to send mail of the CRM from this computer.
func (d *Desk) SetCRMMail(on bool) {
	text := "Mail written in the CRM is not sent from here any more"
	if on {
		text = "Mail written in the CRM is sent from here"
	}
	d.CRMMail = on
	d.Deeds.run(text, func() (agent.Undo, error) {
		err := d.env.crmSender.SetCRMMail(on)
		d.env.post(d.readCRMMail)
		return nil, err
	})
}
