package view

import (
	"slices"
	"strings"
	"testing"

	"postrider/offline"
)

// R-OPTIONS-13.
func TestWhoMovesTheMailIsSaidPlainly(t *testing.T) {
	for name, c := range map[string]struct {
		in, out  offline.Method
		may      bool
		line     string
		inSays   string
		outSays  string
		changeIn string
	}{ // R-METHOD-01, R-METHOD-02
		"ours":           {offline.MethodClient, offline.MethodClient, true, "", "Postrider tracks by your rules", "can be sent from here", ""},
		"none":           {offline.MethodNone, offline.MethodNone, true, "incoming mail: nobody, CRM's outgoing mail: nobody", "tracks nothing by a rule", "Pending Send", "Let Postrider do it"}, // R-EMAIL-09, R-EMAIL-27
		"server":         {offline.MethodServer, offline.MethodClient, true, "incoming mail: the CRM's server", "server-side synchronization or the email router", "can be sent from here", "Let Postrider do it"},
		"forward":        {offline.MethodForward, offline.MethodServer, false, "incoming mail: a forward mailbox, CRM's outgoing mail: the CRM's server", "Your administrator can change it", "Your administrator can change it", ""},
		"not to be told": {"", "", true, "", "", "", ""},
	} {
		ls := MethodLines(offline.Methods{Mailbox: "m", Incoming: c.in, Outgoing: c.out, MayChange: c.may})
		if got := methodWords(ls); got != c.line {
			t.Errorf("%s: the line says %q", name, got)
		}
		if c.inSays == "" {
			if len(ls) != 0 {
				t.Errorf("%s: %+v", name, ls)
			}
			continue
		}
		if !strings.Contains(ls[0].Text, c.inSays) || !strings.Contains(ls[1].Text, c.outSays) || ls[0].Change != c.changeIn {
			t.Errorf("%s: %+v", name, ls)
		}
	}
}

func TestTheMailCanBeLeftToPostriderAndThatBeUndone(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.agent.SetUser(func(u *offline.User) {
		u.Options.Methods = offline.Methods{Mailbox: "m", Incoming: offline.MethodServer, Outgoing: offline.MethodServer, MayChange: true}
	})
	r.until("it is said", func() bool { return strings.Contains(r.desk.Status.Text, "incoming mail: the CRM's server") })
	r.desk.LetPostrider(true)
	r.until("it is changed", func() bool { return len(r.desk.Methods) == 2 && r.desk.Methods[0].Ours })
	if r.desk.Methods[1].Ours {
		t.Error("the other direction was changed, too")
	}
	r.undo()
	r.until("it is as it was", func() bool { return !r.desk.Methods[0].Ours })
}

func TestMailOfTheCRMIsSentFromHereOnlyWhereTheUserAllowsIt(t *testing.T) { // R-EMAIL-26, R-OPTIONS-07
	r := newRig(t, true)
	r.until("it is known", func() bool { return r.desk.CanCRMMail })
	if r.desk.CRMMail {
		t.Error("allowed by itself")
	}
	r.desk.SetCRMMail(true)
	r.until("it is allowed", func() bool { return r.desk.CRMMail && slices.Contains(r.agent.Called(), "crm mail") })
}
