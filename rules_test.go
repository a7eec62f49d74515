package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// covered are the families of rules that docs/rules.md answers for, with the
// number of the last rule of each.
var covered = map[string]int{
	"TRACK": 23, "EMAIL": 35, "TOKEN": 22, "REGARDING": 9, "UNTRACK": 9, "FOLDER": 14,
	"APPT": 21, "RECUR": 6, "TASK": 15, "CONTACT": 12, "FIELD": 16, "DELETE": 22, "FILTER": 17, "SYNC": 8, "CONFLICT": 7,
	"METHOD": 15, "OPTIONS": 18, "ADDRESSBOOK": 7, "LIMITS": 11,
}

// The page of rules is how a reader sees what is covered; so it has every rule
// once, each with a test that is there and names the rule, or with the reason
// why there is none.
func TestThePageOfRulesHasEveryRuleWithItsTestOrItsReason(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testFunctions(t)
	seen := map[string]bool{}
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "R-") {
			continue
		}
		rule, what, shown := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])
		if seen[rule] {
			t.Errorf("%s is there twice", rule)
		}
		seen[rule] = true
		names := testName.FindAllString(shown, -1)
		if len(names) == 0 && !strings.HasPrefix(shown, "—") {
			t.Errorf("%s has neither a test nor, after a dash, the reason why there is none", rule)
		}
		if what == "" {
			t.Errorf("%s does not say what Postrider does", rule)
		}
		named := len(names) == 0
		for _, name := range names {
			text, ok := tests[name]
			if !ok {
				t.Errorf("%s: there is no test %s", rule, name)
			}
			named = named || namesRule(text, rule)
		}
		if !named {
			t.Errorf("%s: none of its tests %v names it", rule, names)
		}
	}
	for family, last := range covered {
		for n := 1; n <= last; n++ {
			if rule := fmt.Sprintf("R-%s-%02d", family, n); !seen[rule] && (family != "FIELD" || n < 7 || n > 9) { // there are no such three
				t.Errorf("%s is missing", rule)
			}
		}
	}
}

var (
	testName = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	ruleList = regexp.MustCompile(`R-[A-Z]+-\d\d(?:(?:, | and |/)\d\d)*(?:(?:\.\.| to |-)(?:R-[A-Z]+-)?\d\d)?`)
)

// namesRule reports whether a text names a rule: by itself, or in a list or a
// range such as "R-TOKEN-06, 07" or "R-TOKEN-06..10".
func namesRule(text, rule string) bool {
	family, number := rule[:len(rule)-2], rule[len(rule)-2:]
	for _, m := range ruleList.FindAllString(text, -1) {
		if !strings.HasPrefix(m, family) {
			continue
		}
		numbers := twoDigits.FindAllString(m, -1)
		if slices.Contains(numbers, number) {
			return true
		}
		if n := len(numbers); n >= 2 && strings.ContainsAny(strings.TrimPrefix(m, family), ".-t") && numbers[n-2] < number && number < numbers[n-1] {
			return true
		}
	}
	return false
}

var twoDigits = regexp.MustCompile(`\d\d`)

// testFunctions are the tests of the project by name: each with the text from
// the comment above it to the next function.
func testFunctions(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	start := regexp.MustCompile(`(?m)^(?://.*\n)*func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "imaptest") && !strings.Contains(path, "crmtest") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		at := start.FindAllSubmatchIndex(raw, -1)
		for i, m := range at {
			end := len(raw)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			name := string(raw[m[2]:m[3]])
			found[name] += string(raw[m[0]:end])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRulesAreRecognisedInListsAndRanges(t *testing.T) {
	for _, c := range []struct {
		text, rule string
		want       bool
	}{
		{"// R-EMAIL-05", "R-EMAIL-05", true},
		{"(R-TOKEN-06, 07)", "R-TOKEN-07", true},
		{"R-TOKEN-06..10", "R-TOKEN-08", true},
		{"R-EMAIL-03 to R-EMAIL-07", "R-EMAIL-05", true},
		{"R-TOKEN-06..10", "R-TOKEN-11", false},
		{"R-TOKEN-06, 10", "R-TOKEN-08", false},
		{"R-TRACK-08", "R-TOKEN-08", false},
	} {
		if got := namesRule(c.text, c.rule); got != c.want {
			t.Errorf("%q names %s: %v", c.text, c.rule, got)
		}
	}
}

// Scripts read the codes of problems; so the page has them all.
func TestThePageOfCommandsHasEveryProblemCode(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("agent", "health", "health.go"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`= Kind\{"([a-z-]+)"`).FindAllSubmatch(source, -1)
	if len(kinds) < 20 {
		t.Fatalf("found only %d kinds of problem", len(kinds))
	}
	for _, k := range kinds {
		if !strings.Contains(string(page), "`"+string(k[1])+"`") {
			t.Errorf("docs/cli.md lacks the problem code %s", k[1])
		}
	}
}
