package app

import (
	"bufio"
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secretService starts a D-Bus session of its own with an unlocked GNOME
// Keyring in it, and returns the environment of programs in that session.
func secretService(t *testing.T) []string {
	t.Helper()
	need(t, "dbus-daemon", "dbus")
	need(t, "gnome-keyring-daemon", "gnome-keyring")
	dir := t.TempDir()
	env := append(os.Environ(), "XDG_DATA_HOME="+filepath.Join(dir, "data"), "XDG_RUNTIME_DIR="+dir, "HOME="+dir, "DISPLAY=")
	bus := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address")
	bus.Env = env
	bus.Stderr = os.Stderr
	address := startAndRead(t, bus, nil)
	env = append(env, "DBUS_SESSION_BUS_ADDRESS="+address)
	daemon := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	daemon.Env = env
	// The password of the keyring to make; the daemon says on its output where it listens.
	startAndRead(t, daemon, strings.NewReader("unlock me"))
	return env
}

func need(t *testing.T, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is missing: install Debian's package %s", program, debian)
	}
}

// startAndRead starts a server, stops it when the test ends, and returns the
// first line that it prints.
func startAndRead(t *testing.T, cmd *exec.Cmd, in *strings.Reader) string {
	t.Helper()
	if in != nil {
		cmd.Stdin = in
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line := make(chan string, 1)
	go func() {
		s, _ := bufio.NewReader(out).ReadString('\n')
		line <- strings.TrimSpace(s)
	}()
	select {
	case s := <-line:
		return s
	case <-time.After(20 * time.Second):
		t.Fatalf("%s said nothing within 20 s", cmd.Path)
		return ""
	}
}

// 6: a real Secret Service holds key and password; the bytes of the profile
// hold no password, subject, address or name.
func TestTheKeyringHoldsTheSecretsAndTheProfileTellsNothing(t *testing.T) {
	need(t, "secret-tool", "libsecret-tools")
	env := secretService(t)
	r := newRig(t, "people")
	for folder, mails := range makeMailing(60).folders {
		r.dove.Add(folder, mails...)
	}
	r.seedTracked("<seed@mail.example>", "", offerID)
	config := filepath.Join(r.home, configFile)
	raw, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, line := range strings.Split(string(raw), "\n") {
		if !strings.HasPrefix(line, "password_command") && !strings.HasPrefix(line, "key_command") {
			kept = append(kept, line)
		}
	}
	if err := os.WriteFile(config, []byte(strings.Join(kept, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(in string, args ...string) (string, int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cmd := r.command(ctx, args...)
		cmd.Env = append(env, asProgram+"=1")
		cmd.Stdin = strings.NewReader(in)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run()
		return out.String(), cmd.ProcessState.ExitCode()
	}
	if out, code := run("", "sync", "--once"); code != 1 || !strings.Contains(out, "postrider password") {
		t.Errorf("without a password: %d %s", code, out)
	}
	if out, code := run(r.dove.Password+"\n", "password"); code != 0 {
		t.Fatalf("keeping the password: %d %s", code, out)
	}
	if out, code := run("", "sync", "--once"); code != 0 {
		t.Fatalf("sync: %d %s", code, out)
	}
	if len(r.tracked()) < 20 {
		t.Fatalf("only %d emails", len(r.tracked()))
	}

	id, err := profileID(r.home)
	if err != nil {
		t.Fatal(err)
	}
	lookup := exec.Command("secret-tool", "lookup", "service", keyringService, "username", id+" "+secretKey)
	lookup.Env = env
	key, err := lookup.Output()
	if err != nil || len(key) != 64 {
		t.Errorf("the keyring has no store key: %v, %d characters", err, len(key))
	}

	secrets := []string{r.dove.Password, string(key), r.token, "Subject no.", "Hello, this is", "mail.example", contactAddr(0), leadAddr, "stranger5@", colleague, "Acme", "Offer for Brno", "Lindqvist", "Somebody"}
	err = filepath.WalkDir(r.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == config || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range secrets {
			if bytes.Contains(bytes.ToLower(raw), bytes.ToLower([]byte(s))) {
				t.Errorf("%s tells %q", path, s)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWithoutAKeyringTheRemedyIsNamedAndNothingIsMade(t *testing.T) {
	r := &rig{t: t, home: t.TempDir()}
	text := "[mailbox]\naddress = \"a@b.example\"\nimap = \"imap://127.0.0.1:1\"\n[crm]\nkind = \"local\"\n"
	if err := os.WriteFile(filepath.Join(r.home, configFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := r.command(context.Background(), "status")
	cmd.Env = append(cmd.Env, "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(r.home, "no-bus"))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "key_command") {
		t.Errorf("got %v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(r.home, "store")); err == nil {
		t.Error("a store was made although its key could not be kept")
	}
}
