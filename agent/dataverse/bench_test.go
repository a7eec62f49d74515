package dataverse_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"postrider/agent/dataverse"
	"postrider/app/localorg"
	"postrider/offline"
)

// inside is a client of an organization in process: no network, so that what is
// measured is the client and the organization.
func inside(b *testing.B) (*dataverse.Client, *localorg.Org) {
	b.Helper()
	org, err := localorg.Open(localorg.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = org.Close() })
	me, err := org.AddUser("Me", "Myself", "me@firm.example")
	if err != nil {
		b.Fatal(err)
	}
	c, err := dataverse.New(dataverse.Config{URL: "http://localhost", Transport: org.Transport(me),
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		b.Fatal(err)
	}
	return c, org
}

// Goal: fewer than 60 requests for 1,000 messages.
func BenchmarkPushOfAThousandEmails(b *testing.B) {
	for b.Loop() {
		c, _ := inside(b)
		var ws []offline.Write
		for n := range 1000 {
			m := &offline.OutgoingEmail{Ref: offline.Ref{Kind: offline.KindEmail, ID: fmt.Sprintf("eeeeeeee-0000-4000-8000-%012d", n)},
				Identity: fmt.Sprintf("<%d@example.com>", n), Subject: "Subject", HTML: fmt.Sprintf("<p>%05000d</p>", n), When: time.Now()}
			ws = append(ws, offline.Write{Change: offline.Change{Op: offline.OpCreateEmail, Record: m.Ref}, Email: m})
		}
		if _, err := c.Push(b.Context(), ws); err != nil {
			b.Fatal(err)
		}
		all, _ := c.Requests()
		b.ReportMetric(float64(all), "requests")
	}
}

func BenchmarkPullOfTwentyThousandContacts(b *testing.B) {
	c, org := inside(b)
	for n := range 20000 {
		if _, err := org.Create("contact", map[string]any{"lastname": fmt.Sprintf("Contact %d", n), "emailaddress1": fmt.Sprintf("c%d@example.com", n)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		before, _ := c.Requests()
		rows := 0
		err := c.Pull(b.Context(), []offline.CRMCursor{{Kind: offline.KindContact}}, func(d offline.RecordDelta) error {
			rows += len(d.Changed)
			return nil
		})
		if err != nil || rows != 20000 {
			b.Fatal(rows, err)
		}
		all, _ := c.Requests()
		b.ReportMetric(float64(all-before), "requests")
	}
}
