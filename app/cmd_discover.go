package app

import (
	"context"
	"fmt"
	"path/filepath"

	"postrider/agent/dav"

	"github.com/spf13/cobra"
)

func (c *commands) discover() *cobra.Command {
	return &cobra.Command{
		Use:   "discover [ADDRESS]",
		Short: "Find where the calendars and people of a mail address are",
		Long: `Find where the calendars, task lists and address books of a mail address are, as
its domain says (RFC 6764): by DNS and by its web server. Without an address, it
is that of the profile. No password is sent to find them. What is found is printed as it
belongs into the configuration; nothing is changed.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(cmd.CommandPath() + " takes one mail address")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return c.findDirectories(cmd.Context(), args[0], dav.Config{})
			}
			home, err := homeOf(c.home)
			if err != nil {
				return err
			}
			cfg, err := loadConfig(home)
			if err != nil {
				return err
			}
			if len(cfg.directories()) > 0 {
				fmt.Fprintf(c.errOut, "%s names servers already; what is found:\n", filepath.Join(home, configFile))
			}
			return c.findDirectories(cmd.Context(), cfg.Mailbox.Address, dav.Config{})
		},
	}
}

// findDirectories prints what is found as a piece of the configuration.
func (c *commands) findDirectories(ctx context.Context, address string, how dav.Config) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := dav.Discover(ctx, how, address)
	if err != nil {
		return err
	}
	for _, f := range found {
		section := sectionCalendar
		if f.Service == dav.CardDAV {
			section = sectionPeople
		}
		fmt.Fprintf(c.out, "[%s]\n", section)
		if f.Foreign {
			fmt.Fprintln(c.out, "# Another domain than your address has. Is it your provider's?")
		}
		fmt.Fprintf(c.out, "url = %s\nuser = %s\n\n", quoteTOML(f.URL), quoteTOML(f.Users[0]))
	}
	return nil
}
