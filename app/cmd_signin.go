package app

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"

	"postrider/agent/dataverse"

	"github.com/spf13/cobra"
)

func (c *commands) signIn() *cobra.Command {
	var device bool
	cmd := &cobra.Command{
		Use:   "sign-in",
		Short: "Sign in to the CRM and keep the sign-in in the system keyring",
		Long: `Sign in to the organization of the configuration, in your browser, or with
--device by a code that you type in on another device. What is kept, in the system
keyring, renews itself; your password is never seen by Postrider.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(c.home)
			if err != nil {
				return err
			}
			return c.signInTo(cmd.Context(), home, device)
		},
	}
	cmd.Flags().BoolVar(&device, "device", false, "by a code on another device, for machines without a browser")
	return cmd
}

func (c *commands) signInTo(ctx context.Context, home string, device bool) error {
	cfg, err := loadConfig(home)
	if err != nil {
		return err
	}
	path := filepath.Join(home, configFile)
	switch {
	case cfg.CRM.Kind != "dataverse":
		return usageError("the organization on this computer needs no sign-in")
	case cfg.CRM.TokenCommand != "":
		return usageError("[crm] token_command in " + path + " gives the tokens; take it out to sign in here")
	case cfg.CRM.ClientID == "":
		return &configError{file: path, text: "crm.client_id: missing: the id of Postrider's registration in your organization's directory"}
	}
	secrets, err := keyringOf(ctx, home)
	if err != nil {
		return err
	}
	var saving error
	auth := crmAuth(cfg, func(refresh string) error {
		saving = secrets.Set(secretRefresh, refresh)
		return saving
	})
	if device {
		_, err = auth.Device(ctx, func(d dataverse.DeviceCode) {
			fmt.Fprintf(c.out, "Open %s on any device and type in the code %s\n", d.URL, d.Code)
		})
	} else {
		_, err = auth.Browser(ctx, func(url string) error {
			fmt.Fprintf(c.out, "Sign in on the page that opens in your browser, or open it yourself:\n%s\n", url)
			if err := openBrowser(url); err != nil {
				fmt.Fprintln(c.errOut, "postrider: the browser did not open:", err)
			}
			return nil
		})
	}
	if err := errors.Join(err, saving); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, "Signed in; the keyring keeps it.")
	return err
}

// crmAuth says how to sign in to the CRM of a configuration.
func crmAuth(cfg *Config, save func(refresh string) error) dataverse.Auth {
	a := dataverse.Auth{URL: cfg.CRM.URL, ClientID: cfg.CRM.ClientID, Hint: cfg.Mailbox.Address, Save: save}
	if cfg.CRM.Tenant != "organizations" {
		a.Authority = "https://login.microsoftonline.com/" + cfg.CRM.Tenant
	}
	return a
}

// token gives access tokens for the CRM: by the command of the configuration,
// or by the sign-in that the keyring keeps.
func (p *Profile) token(secrets Secrets) dataverse.TokenFunc {
	if cmd := p.Config.CRM.TokenCommand; cmd != "" {
		var last string
		return oneAtATime(func(ctx context.Context, refused string) (string, error) {
			if last != "" && last != refused {
				return last, nil
			}
			var err error
			last, err = runSecret(ctx, "[crm] token_command", cmd)
			return last, err
		})
	}
	var session *dataverse.Session
	return oneAtATime(func(ctx context.Context, refused string) (string, error) {
		if session == nil {
			refresh, err := secrets.Get(secretRefresh)
			if errors.Is(err, errNoSecret) {
				return "", errors.New("nobody is signed in to the CRM; sign in once with `postrider sign-in`")
			}
			if err != nil {
				return "", err
			}
			auth := crmAuth(p.Config, func(refresh string) error { return secrets.Set(secretRefresh, refresh) })
			auth.Log = p.Log
			session = auth.Resume(refresh)
		}
		token, err := session.Token(ctx, refused)
		if err != nil {
			session = nil // the user may have signed in anew meanwhile
		}
		return token, err
	})
}

// oneAtATime lets one caller at a time through.
func oneAtATime(f dataverse.TokenFunc) dataverse.TokenFunc {
	turn := make(chan struct{}, 1)
	return func(ctx context.Context, refused string) (string, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
			return f(ctx, refused)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// openBrowser shows a page in the user's browser.
func openBrowser(url string) error {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}
