package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (c *commands) password() *cobra.Command {
	return &cobra.Command{
		Use:   "password [mailbox|calendar|people]",
		Short: "Keep a password in the system keyring",
		Long: `Ask for the password of the mailbox, or of the server that the configuration
names for the calendar or for people, and keep it in the system keyring. Where the
input is not a terminal, its first line is taken.`,
		ValidArgs: []string{sectionMailbox, sectionCalendar, sectionPeople},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && !slices.Contains(cmd.ValidArgs, args[0]) {
				return usageError(fmt.Sprintf("%s takes one of %s", cmd.CommandPath(), strings.Join(cmd.ValidArgs, ", ")))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := homeOf(c.home)
			if err != nil {
				return err
			}
			cfg, err := loadConfig(home)
			if err != nil {
				return err
			}
			secrets, err := keyringOf(cmd.Context(), home)
			if err != nil {
				return err
			}
			section, whose := sectionMailbox, cfg.Mailbox.Address
			if len(args) > 0 && args[0] != sectionMailbox {
				i := slices.IndexFunc(cfg.directories(), func(d directory) bool { return d.section == args[0] })
				if i < 0 {
					return usageError("the configuration names no server in [" + args[0] + "]; set its url first")
				}
				section, whose = args[0], "the "+args[0]+" at "+cfg.directories()[i].URL
			}
			secret, err := c.readSecret("Password of " + whose + ": ")
			if err != nil {
				return err
			}
			if err := secrets.Set(secretOf(section), secret); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.out, "The keyring keeps it.")
			return err
		},
	}
}

// readSecret reads a line without showing it where the input is a terminal.
func (c *commands) readSecret(prompt string) (string, error) {
	var s string
	if f, ok := c.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(c.errOut, prompt)
		raw, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(c.errOut)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		s = string(raw)
	} else {
		line, err := bufio.NewReader(c.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		s = strings.TrimRight(line, "\r\n")
	}
	if s == "" {
		return "", usageError("no password was given")
	}
	return s, nil
}
