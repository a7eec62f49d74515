package message

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// addCorpus makes seeds of every message there is.
func addCorpus(f *testing.F) {
	for _, dir := range []string{"corpus", "eml"} {
		files, err := filepath.Glob("testdata/" + dir + "/*.eml")
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(raw) < 20_000 { // long ones only slow the search down
				f.Add(raw)
			}
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, s := range []string{
		"From: a@b.c\r\nTo: x: y, z@w;\r\nSubject: =?utf-8?Q?=C5?= =?utf-8?q?=BD?=\r\n\r\n", "Date: Wed, 4 Mar 2026 10:15:00 +0100\n\n", "To: \"a\\\r\n <((((\r\n", "=?", "Message-ID:\r\n <a\r\n b>\r\n",
		"References: <a><b><\r\nContent-Type: text/plain; charset=\"koi8-r\r\nSubject: \xf0\xd2", ":\r\n:", "From: =?utf-8?B?8J+YgA?=", "Subject: =?iso-2022-jp?B?GyRC?=\r\n", "From: <@a,@b:c@d>, \x00, [", "Date: 99 Foo 99999 99:99 (",
		"To: \u202e <\u2066@x>\r\nList-Id: <", "Sender: =?a?b?c?=\r\n",
	} {
		f.Add([]byte(s))
	}
	addCorpus(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Header(raw, received)
		checkHeader(t, m)
		if again := Header(raw, received); !reflect.DeepEqual(m, again) {
			t.Fatal("not deterministic")
		}
	})
}

func FuzzRead(f *testing.F) {
	addCorpus(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Read(bytes.NewReader(raw), Limits{Depth: 5, Parts: 20, Text: 10_000, Header: 5000})
		if err != nil {
			t.Fatal(err)
		}
		checkContent(t, c)
	})
}

func FuzzSafeHTML(f *testing.F) {
	addCorpus(f)
	for _, s := range []string{"<p style=\"a:b\">", "<img src=\"cid:a\" onerror=x>", "<a href=\"java\tscript:x\">", "<svg><style><img src=x onerror=y>", "<p style='margin:\\2d 5px'>", "<p style='width:1e9px;height:-.5em;color:rgb(1,2,3)'>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		checkSafe(t, SafeHTML(string(raw)))
		HTMLToText(string(raw))
	})
}
