package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/offline"

	"github.com/spf13/cobra"
)

// checkTimeout bounds one check of the doctor.
const checkTimeout = 30 * time.Second

func (c *commands) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Try each connection and explain what is wrong",
		Long: `Try each part of a profile by itself (configuration, key, store, mailbox, CRM,
sending) and say of each whether it works, or why not and what to do. Nothing is
changed anywhere.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(c.home)
			if err != nil {
				return err
			}
			return c.examine(cmd.Context(), home)
		},
	}
}

// examine prints one line for each part of a profile.
func (c *commands) examine(ctx context.Context, home string) error {
	if ask(ctx, home, request{Do: "status"}, nil) == nil {
		return errors.New("this profile is in use by a running Postrider; quit it first, so that the store can be looked at")
	}
	healthy := true
	say := func(what, good string, err error) {
		if err == nil {
			fmt.Fprintf(c.out, "✓ %-13s %s\n", what, good)
			return
		}
		healthy = false
		fmt.Fprintf(c.out, "✗ %-13s %s\n", what, err)
	}
	_, err := loadConfig(home)
	say("configuration", filepath.Join(home, configFile), err)
	if err != nil {
		return err
	}
	p, err := openProfile(ctx, home)
	say("store", "the key fits, the file can be read", err)
	if err != nil {
		return errReported
	}
	defer p.Close()
	say("contents", "rows, indexes and counts agree", p.Store.Check())

	good, err := p.tryMailbox(ctx)
	if ctx.Err() != nil { // interrupted: what was not tried is not wrong
		return ctx.Err()
	}
	say("mailbox", good, err)
	good, err = p.tryCRM(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	say("CRM", good, err)
	if err := c.tryDirectories(ctx, p, say); err != nil {
		return err
	}
	if p.Sender == nil {
		fmt.Fprintf(c.out, "· %-13s %s\n", "sending", "no server is named as [mailbox] smtp, so Postrider sends no mail")
	} else {
		good, err = p.trySending(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		say("sending", good, err)
	}
	if !healthy {
		return errReported
	}
	return nil
}

func (p *Profile) tryMailbox(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	folders, err := p.Agent.Mailbox.Folders(ctx)
	if err != nil {
		return "", err
	}
	var roles []string
	for _, f := range folders {
		if f.Role == offline.RoleInbox || f.Role == offline.RoleSent {
			roles = append(roles, fmt.Sprintf("%s is %q", f.Role, f.Name))
		}
	}
	return fmt.Sprintf("signed in, %d folders; %s", len(folders), strings.Join(roles, ", ")), nil
}

func (p *Profile) tryCRM(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	u, err := p.Agent.CRM.Me(ctx)
	if err != nil {
		return "", err
	}
	if a := p.Config.Mailbox.Address; !strings.EqualFold(u.Address, a) {
		return "", fmt.Errorf("signed in as %s, whom the CRM knows by the address %q, but this mailbox is %q: mail can't be told to be yours; correct one of the two (R-TRACK-10)", u.Name, u.Address, a)
	}
	return fmt.Sprintf("signed in as %s, API %s", u.Name, u.Version), nil
}

// tryDirectories asks each directory what there is.
func (c *commands) tryDirectories(ctx context.Context, p *Profile, say func(what, good string, err error)) error {
	for _, section := range [...]string{sectionCalendar, sectionPeople} {
		i := slices.IndexFunc(p.directories, func(a agent.Account) bool { return a.Name == section })
		if i < 0 {
			fmt.Fprintf(c.out, "· %-13s %s\n", section, "no server is named in ["+section+"]")
			continue
		}
		good, err := tryDirectory(ctx, p.directories[i].Directory)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		say(section, good, err)
	}
	return nil
}

func tryDirectory(ctx context.Context, d agent.Directory) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	all, err := d.Collections(ctx)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", errors.New("signed in, but there is no calendar, task list or address book; correct the url, or make one with your provider")
	}
	var names []string
	for _, c := range all {
		names = append(names, fmt.Sprintf("%q", c.Name))
	}
	slices.Sort(names)
	return "signed in; " + strings.Join(names, ", "), nil
}

// trySending signs in to the server for sending, and sends nothing.
func (p *Profile) trySending(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return "signed in, ready to take mail", p.Sender.Check(ctx)
}
