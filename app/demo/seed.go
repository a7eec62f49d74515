package demo

import (
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"postrider/app/demo/story"
	"postrider/app/localorg"
)

// seeding writes the story's people and records into an organization.
type seeding struct {
	org   *localorg.Org
	story *story.Story
	now   time.Time
	users map[string]string // ids by key
	refs  map[string]string // what @odata.bind wants, by key: "/contacts(...)"
}

// ageOfRecords is how long ago customers and their records came into the CRM.
const ageOfRecords = 400 * 24 * time.Hour

// seed fills the organization and returns the ids of its users by key.
func seed(org *localorg.Org, told *story.Story, now time.Time) (map[string]string, error) {
	s := &seeding{org: org, story: told, now: now.UTC().Truncate(time.Second), users: map[string]string{}, refs: map[string]string{}}
	for _, step := range []func() error{s.addUsers, s.addQueues, s.addAccounts, s.addPeople, s.addRecords, s.addOwn, s.addEmails, s.addAgenda, s.countTokens} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.users, nil
}

// id gives a thing of the story the same id in every run.
func id(key string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://alder.example/"+key)).String()
}

// create adds a row and keeps how to refer to it.
func (s *seeding) create(key, table, set, primary string, row map[string]any) error {
	row[primary] = id(key)
	if row["createdon"] == nil {
		row["createdon"] = s.now.Add(-ageOfRecords)
	}
	if row["modifiedon"] == nil {
		row["modifiedon"] = row["createdon"]
	}
	for name, value := range row {
		if value == "" {
			delete(row, name)
		}
	}
	got, err := s.org.Create(table, row)
	if err != nil {
		return fmt.Errorf("%s %s: %w", table, key, err)
	}
	s.refs[key] = "/" + set + "(" + got + ")"
	return nil
}

func (s *seeding) owner(key string) string { return "/systemusers(" + s.users[key] + ")" }

// names splits a name into first and last, as long as the columns allow.
func names(p *story.Person) (first, last string) {
	name, _, _ := strings.Cut(p.Name, ",") // the rest is a title
	name, _, _ = strings.Cut(name, " (")   // the same name in another script
	words := strings.Fields(name)
	if len(words) == 1 {
		return "", name
	}
	if p.Lang == "ja" { // the family's name comes first
		return strings.Join(words[1:], " "), words[0]
	}
	n := len(words) - 1
	if n > 1 && (words[n-1] == "von" || words[n-1] == "de") {
		n--
	}
	return strings.Join(words[:n], " "), strings.Join(words[n:], " ")
}

func (s *seeding) addUsers() error {
	for _, p := range s.story.People {
		if p.Kind != "user" {
			continue
		}
		first, last := names(p)
		got, err := s.org.AddUser(first, last, p.Addr)
		if err != nil {
			return fmt.Errorf("user %s: %w", p.Key, err)
		}
		s.users[p.Key], s.refs[p.Key] = got, "/systemusers("+got+")"
		if err := s.org.Update("systemuser", got, map[string]any{"title": p.Title, "mobilephone": p.Phone}); err != nil {
			return fmt.Errorf("user %s: %w", p.Key, err)
		}
	}
	return nil
}

func (s *seeding) addQueues() error {
	for _, p := range s.story.People {
		if p.Kind != "queue" {
			continue
		}
		if err := s.create(p.Key, "queue", "queues", "queueid", map[string]any{"name": p.Name, "emailaddress": p.Addr, "ownerid@odata.bind": s.owner("mikael")}); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeding) addAccounts() error {
	for _, r := range s.story.Records {
		if !strings.HasPrefix(r.Key, "acc.") {
			continue
		}
		f := r.Fields
		domain := strings.TrimPrefix(f[4], "https://")
		if err := s.create(r.Key, "account", "accounts", "accountid", map[string]any{
			"name": f[0], "address1_city": f[1], "address1_country": f[2], "telephone1": f[3], "websiteurl": f[4],
			"emailaddress1": "office@" + domain, "ownerid@odata.bind": s.owner(f[5]),
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeding) addPeople() error {
	subjects := 0
	for _, p := range s.story.People {
		first, last := names(p)
		row := map[string]any{"firstname": first, "lastname": last, "emailaddress1": p.Addr, "jobtitle": p.Title, "telephone1": p.Phone}
		var err error
		switch p.Kind {
		case "contact":
			account := s.refs["acc."+p.Of]
			row["parentcustomerid_account@odata.bind"], row["ownerid@odata.bind"] = account, s.accountOwner(p.Of)
			err = s.create(p.Key, "contact", "contacts", "contactid", row)
		case "lead":
			row["companyname"], row["ownerid@odata.bind"] = p.Of, s.owner([]string{"ann", "jonas"}[subjects%2])
			row["subject"] = []string{"Met at the fair", "Enquiry by mail", "Website form", "Recommended by a customer"}[subjects%4]
			row["createdon"] = s.now.AddDate(0, 0, -80+subjects*3)
			subjects++
			err = s.create(p.Key, "lead", "leads", "leadid", row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *seeding) accountOwner(key string) string {
	for _, r := range s.story.Records {
		if r.Key == "acc."+key {
			return s.owner(r.Fields[5])
		}
	}
	return s.owner("ann")
}

// addRecords adds what mail can be about: opportunities and cases.
func (s *seeding) addRecords() error {
	for i, r := range s.story.Records {
		kind, _, _ := strings.Cut(r.Key, ".")
		f := r.Fields
		var err error
		switch kind {
		case "opp":
			value, bad := strconv.ParseFloat(f[2], 64)
			days, bad2 := strconv.Atoi(f[3])
			if bad != nil || bad2 != nil {
				return fmt.Errorf("%s: %q or %q is not a number", r.Key, f[2], f[3])
			}
			err = s.create(r.Key, "opportunity", "opportunities", "opportunityid", map[string]any{
				"name": f[0], "customerid_account@odata.bind": s.refs["acc."+f[1]], "estimatedvalue": value,
				"estimatedclosedate": s.now.AddDate(0, 0, days).Format(time.DateOnly), "ownerid@odata.bind": s.owner(f[4]),
				"createdon": s.now.AddDate(0, 0, -86+i%5),
			})
		case "case":
			err = s.create(r.Key, "incident", "incidents", "incidentid", map[string]any{
				"title": f[0], "ticketnumber": f[1], "customerid_account@odata.bind": s.refs["acc."+f[2]],
				"ownerid@odata.bind": s.owner(f[3]), "createdon": s.now.AddDate(0, 0, -66+i%5),
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var tokenInSubject = regexp.MustCompile(`CRM:\d{7}`)

// addEmails adds the mail that Ann and her colleagues have tracked: made open,
// with its parties and files, and then closed, as any client has to.
func (s *seeding) addEmails() error {
	for _, m := range s.story.Messages {
		if m.Owner == "" {
			continue
		}
		outgoing := m.From.Kind == "user"
		row := map[string]any{
			"subject": m.Subject, "directioncode": outgoing, "messageid": m.ID, "ownerid@odata.bind": s.owner(m.Owner),
			"actualend": m.Date.UTC(), "createdon": m.Date.UTC().Add(90 * time.Second),
			"description":            "<p>" + strings.ReplaceAll(html.EscapeString(m.Text), "\n", "<br>") + "</p>",
			"email_activity_parties": s.parties(m),
			"trackingtoken":          tokenInSubject.FindString(m.Subject),
		}
		if n := len(m.References); n > 0 {
			row["inreplyto"] = m.References[n-1]
		}
		if bind, name := s.regarding(m.Regarding); bind != "" {
			row[bind] = name
		}
		if err := s.create("email/"+m.Name, "email", "emails", "activityid", row); err != nil {
			return err
		}
		if err := s.attach(m); err != nil {
			return err
		}
		status := 4 // Received
		if outgoing {
			status = 3 // Sent
		}
		if err := s.org.Update("email", id("email/"+m.Name), map[string]any{"statecode": 1, "statuscode": status, "modifiedon": row["createdon"]}); err != nil {
			return fmt.Errorf("closing email %s: %w", m.Name, err)
		}
	}
	return nil
}

// regarding is the typed lookup of an email and what it binds to.
func (s *seeding) regarding(key string) (bind, ref string) {
	kind, rest, _ := strings.Cut(key, ".")
	table := map[string]string{"acc": "account", "opp": "opportunity", "case": "incident", "lead": "lead", "con": "contact"}[kind]
	if kind == "lead" || kind == "con" {
		key = rest
	}
	if table == "" || s.refs[key] == "" {
		return "", ""
	}
	return "regardingobjectid_" + table + "_email@odata.bind", s.refs[key]
}

// parties are sender and recipients, resolved where the CRM knows them.
func (s *seeding) parties(m *story.Message) []map[string]any {
	var out []map[string]any
	add := func(mask int, p *story.Person) {
		party := map[string]any{"participationtypemask": mask, "addressused": p.Addr}
		table := map[string]string{"user": "systemuser", "queue": "queue", "contact": "contact", "lead": "lead"}[p.Kind]
		if table != "" {
			party["partyid_"+table+"@odata.bind"] = s.refs[p.Key]
		}
		out = append(out, party)
	}
	add(1, m.From)
	for _, p := range m.To {
		add(2, p)
	}
	for _, p := range m.Cc {
		add(3, p)
	}
	return out
}

func (s *seeding) attach(m *story.Message) error {
	for i, f := range m.Files {
		if _, err := s.org.Create("activitymimeattachment", map[string]any{
			"objectid_email@odata.bind": s.refs["email/"+m.Name], "objecttypecode": "email", "attachmentnumber": i + 1,
			"filename": f.Name, "mimetype": f.Type, "body": base64.StdEncoding.EncodeToString(f.Data),
		}); err != nil {
			return fmt.Errorf("%s of email %s: %w", f.Name, m.Name, err)
		}
	}
	return nil
}

// countTokens sets each user's counter behind the tokens that are in use: digits
// 2 to 4 are the user's number, the last three the counter.
func (s *seeding) countTokens() error {
	for _, key := range []string{"ann", "jonas", "ilse", "mikael"} {
		settings := s.org.Row("usersettings", s.users[key])
		number, ok := settings["trackingtokenid"].(int64)
		if !ok {
			return fmt.Errorf("user %s has no number for tokens", key)
		}
		next := 1
		for _, m := range s.story.Messages {
			t := strings.TrimPrefix(tokenInSubject.FindString(m.Subject), "CRM:")
			if t == "" {
				continue
			}
			if user, _ := strconv.Atoi(t[1:4]); int64(user) == number {
				counter, _ := strconv.Atoi(t[4:])
				next = max(next, counter+1)
			}
		}
		if err := s.org.Update("usersettings", s.users[key], map[string]any{"nexttrackingnumber": next}); err != nil {
			return fmt.Errorf("settings of %s: %w", key, err)
		}
	}
	return nil
}
