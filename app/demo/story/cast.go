package story

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed text
var texts embed.FS

// Person is somebody who writes or gets mail.
type Person struct {
	Key    string
	Name   string
	Title  string
	Addr   string
	Phone  string
	Of     string // key of the account; for a lead the name of the company
	Lang   string
	Mailer string // the kind of mail program: office, thunder, phone, becky, old, script
	Kind   string // user, colleague, queue, contact, lead or other
	zone   *time.Location
}

// Record is an account, opportunity or case of the CRM.
type Record struct {
	Key    string // kind.name: "opp.moravia-k3"
	Fields []string
}

// cast is everybody and everything that the texts speak of.
type cast struct {
	people  []*Person
	records []Record
	byKey   map[string]*Person
	account map[string]string // name of the account by its key
}

func readCast() (*cast, error) {
	c := &cast{byKey: map[string]*Person{}, account: map[string]string{"alder": "Alder Machine Tools AB"}}
	rows, err := table("text/people.txt", 10)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		hours, err := strconv.Atoi(row[7])
		if err != nil && row[7] != "" {
			return nil, fmt.Errorf("people.txt: zone of %s: %w", row[0], err)
		}
		p := &Person{Key: row[0], Name: row[1], Title: row[2], Addr: row[3], Phone: row[4], Of: row[5],
			Lang: row[6], Mailer: row[8], Kind: row[9], zone: time.FixedZone("", hours*3600)}
		if c.byKey[p.Key] != nil {
			return nil, fmt.Errorf("people.txt: %s is there twice", p.Key)
		}
		c.people, c.byKey[p.Key] = append(c.people, p), p
	}
	if rows, err = table("text/records.txt", 0); err != nil {
		return nil, err
	}
	for _, row := range rows {
		c.records = append(c.records, Record{Key: row[0], Fields: row[1:]})
		if name, ok := strings.CutPrefix(row[0], "acc."); ok {
			c.account[name] = row[1]
		}
	}
	return c, nil
}

// table reads lines of columns separated by " | "; columns 0 means any number.
func table(name string, columns int) ([][]string, error) {
	raw, err := texts.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for i, line := range strings.Split(string(raw), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		row := strings.Split(line, "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if columns > 0 && len(row) != columns {
			return nil, fmt.Errorf("%s line %d: %d columns instead of %d", name, i+1, len(row), columns)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// company is where a person works, as a signature says it.
func (c *cast) company(p *Person) string {
	if name := c.account[p.Of]; name != "" {
		return name
	}
	return p.Of
}
