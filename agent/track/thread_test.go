package track

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func TestTheRootOfAConversationIndexIsFoundInEitherForm(t *testing.T) {
	root := []byte("\x01\xdc\xa9\x11\x22\x33\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff")
	want := strings.ToUpper(hex.EncodeToString(root))
	child := append(append([]byte{}, root...), 1, 2, 3, 4, 5)
	for name, c := range map[string]struct {
		in, want string
		answers  bool
	}{
		"a header":                 {base64.StdEncoding.EncodeToString(root), want, false},
		"a header of an answer":    {base64.StdEncoding.EncodeToString(child), want, true},
		"a header without padding": {base64.RawStdEncoding.EncodeToString(child), want, true},
		"the CRM's hexadecimal":    {want, want, false},
		"hexadecimal of an answer": {strings.ToLower(hex.EncodeToString(child)), want, true},
		"with space around":        {" " + want + "\t", want, false},
		"too short":                {base64.StdEncoding.EncodeToString(root[:21]), "", false},
		"nothing":                  {"", "", false},
		"no index at all":          {strings.Repeat("hello, world! ", 10), "", false},
		"longer than any index":    {strings.Repeat("AAAA", 2000), "", false},
	} {
		got := ThreadRoot(c.in)
		if got != c.want || AnswersInThread(c.in) != c.answers {
			t.Errorf("%s: got %q, %v", name, got, AnswersInThread(c.in))
		}
	}
}

func FuzzThreadRoot(f *testing.F) {
	f.Add("Ac3cqREiMwARIjNEVWZ3iJmqu8zd7v8=")
	f.Add("01DCA91122330011223344556677 8899AABBCCDDEEFF")
	f.Add(strings.Repeat("=", 40))
	f.Fuzz(func(t *testing.T, s string) {
		root := ThreadRoot(s)
		if root == "" {
			if AnswersInThread(s) {
				t.Error("an answer in no conversation")
			}
			return
		}
		if len(root) != 44 || root != strings.ToUpper(root) {
			t.Errorf("root %q", root)
		}
		if again := ThreadRoot(root); again != root {
			t.Errorf("the root of root %q is %q", root, again)
		}
	})
}
