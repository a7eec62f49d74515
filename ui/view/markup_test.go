package view

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postrider/agent/compose"
)

func TestWhatIsTypedBecomesSimpleHTML(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"Hello":                        "<p>Hello</p>",
		"a\nb\n\nc":                    "<p>a<br>\nb</p>\n<p>c</p>",
		"a *b c* d":                    "<p>a <b>b c</b> d</p>",
		"_so_ *_both_*":                "<p><i>so</i> <b><i>both</i></b></p>",
		"2*3*4, file_name_x, * no*":    "<p>2*3*4, file_name_x, * no*</p>",
		"*not closed":                  "<p>*not closed</p>",
		"- one\n- *two*\nend":          "<ul>\n<li>one</li>\n<li><b>two</b></li>\n</ul>\n<p>end</p>",
		"1. one\n2) two":               "<ol>\n<li>one</li>\n<li>two</li>\n</ol>",
		"-- \nAnn":                     "<p>-- <br>\nAnn</p>",
		"see https://x.example/a_b_c.": "<p>see <a href=\"https://x.example/a_b_c\">https://x.example/a_b_c</a>.</p>",
		"the [offer](https://x.example/?a=1&b=2) now": "<p>the <a href=\"https://x.example/?a=1&amp;b=2\">offer</a> now</p>",
		"[x](javascript:alert(1))":                    "<p>[x](javascript:alert(1))</p>",
		"<b> & \"":                                    "<p>&lt;b&gt; &amp; &#34;</p>",
		"a  b":                                        "<p>a &nbsp;b</p>",
		"x\n\nOn Monday, Jana wrote:\n> one\n>\n>> two\n> three": "<p>x</p>\n<p>On Monday, Jana wrote:</p>\n<blockquote>\n<p>one</p>\n<blockquote>\n<p>two</p>\n</blockquote>\n<p>three</p>\n</blockquote>",
	} {
		if got := strings.TrimSpace(ToHTML(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestNothingThatIsTypedGoesOutAsMarkupOfItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`([a-z<>&"*_\[\]()>\- \n]|https://x\.y/|<script>|1\. ){0,60}`).Draw(t, "text")
		out := ToHTML(s)
		if clean := compose.Clean(out); strings.Contains(out, "<script") || len(clean) == 0 && strings.TrimSpace(s) != "" && strings.Trim(s, "> \n") != "" {
			t.Fatalf("%q became %q", s, out)
		}
		if strings.Count(out, "<blockquote>") != strings.Count(out, "</blockquote>") || strings.Count(out, "<p>") != strings.Count(out, "</p>") || strings.Count(out, "<b>") != strings.Count(out, "</b>") {
			t.Fatalf("%q became %q", s, out)
		}
	})
}

func TestATemplateBecomesTextThatCanBeEdited(t *testing.T) {
	in := `<h2>Your offer</h2><p>Dear <b>Jana</b>,<br>we thank you for <i>your</i> interest in <a href="https://x.example/p">our products</a>:</p><ul><li>one</li><li>two</li></ul><ol><li>first</li></ol><blockquote><p>quoted</p></blockquote><p>Ann</p>`
	want := "*Your offer*\n\nDear *Jana*,\nwe thank you for _your_ interest in [our products](https://x.example/p):\n\n- one\n- two\n\n1. first\n\n> quoted\n\nAnn\n"
	if got := FromHTML(in).Typed(); got != want {
		t.Errorf("got %q,\nwant %q", got, want)
	}
}

func TestTheQuotationIsToldFromWhatIsWritten(t *testing.T) {
	for in, own := range map[string]string{
		"":            "",
		"only this\n": "only this\n",
		"\n\nOn 1 May 2026 at 10:00 +0000, Jana <j@x.example> wrote:\n> a\n>\n> b\n": "\n\n",
		"Hi\n\nOn Monday, Jana wrote:\n> a\n\n":                                      "Hi\n\n",
		"> quoted first\nthen words\n":                                               "> quoted first\nthen words\n",
		"Hi\n> a\nin between\n> b":                                                   "Hi\n> a\nin between\n",
		"See below\n\n" + forwardLine + "\nFrom: x\n\n> old\ntext\n":                 "See below\n\n",
	} {
		o, q := SplitQuote(in)
		if o != own || o+q != in {
			t.Errorf("%q: own %q, quote %q", in, o, q)
		}
	}
}

func TestAQuotationIsCutOffWithoutLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"", "words", "> quoted", ">", "On Monday, x wrote:", forwardLine, "  ", "\r"})).Draw(t, "lines"), "\n")
		if own, quote := SplitQuote(s); own+quote != s {
			t.Fatalf("%q was divided into %q and %q", s, own, quote)
		}
	})
}
