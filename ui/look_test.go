package ui

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"postrider/assets"
	"postrider/ui/internal/sample"
	"postrider/ui/view"
)

// contrast is the ratio of WCAG 2.1, section "contrast ratio".
func contrast(a, b color.Color) float64 {
	lum := func(c color.Color) float64 {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		f := func(v uint8) float64 {
			x := float64(v) / 255
			if x <= 0.03928 {
				return x / 12.92
			}
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return 0.2126*f(n.R) + 0.7152*f(n.G) + 0.0722*f(n.B)
	}
	x, y := lum(a), lum(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestEveryTextCanBeReadOnEveryGround(t *testing.T) {
	for name, p := range map[string]palette{"light": light(), "dark": dark()} {
		for ground, g := range map[string]color.NRGBA{"background": p.background, "surface": p.surface, "accent soft": p.accentSoft, "hover": p.hover} {
			for ink, c := range map[string]color.NRGBA{"text": p.text, "muted": p.muted, "accent": p.accent, "info": p.info, "warn": p.warn, "danger": p.danger} {
				if r := contrast(c, g); r < 4.5 {
					t.Errorf("%s: %s on %s is %.2f:1", name, ink, ground, r)
				}
			}
		}
		for what, pair := range map[string][2]color.NRGBA{
			"primary button": {p.onAccent, p.accent}, "risky button": {p.surface, p.danger}, "button": {p.text, p.control},
			"toast": {p.onToast, p.toast}, "toast's button": {p.toastLink, p.toast}, "number on info": {p.surface, p.info}, "number on warn": {p.surface, p.warn},
		} {
			if r := contrast(pair[0], pair[1]); r < 4.5 {
				t.Errorf("%s: %s is %.2f:1", name, what, r)
			}
		}
	}
}

func TestTheThemeHasThreeSizesAndFollowsTheVariant(t *testing.T) {
	l := newLook()
	if l.Size(sizeBody) != 13 || l.Size(sizeSmall) != 11 || l.Size(sizeTitle) != 17 || l.Size(theme.SizeNamePadding) != 4 {
		t.Error("sizes")
	}
	for _, n := range []fyne.ThemeColorName{colBackground, colSurface, colText, colMuted, colAccent, colWarn, colInk} {
		if l.Color(n, theme.VariantLight) == l.Color(n, theme.VariantDark) {
			t.Errorf("%s is the same in light and dark", n)
		}
	}
	v := theme.VariantDark
	l.variant = &v
	if l.Color(colSurface, theme.VariantLight) != color.Color(dark().surface) {
		t.Error("a chosen variant is not kept")
	}
}

func TestASymbolTakesItsColourFromTheTheme(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(newLook())
	s := symbol{"state-tracked", colAccent}
	if b := string(s.Content()); strings.Contains(b, assets.Ink) || !strings.Contains(strings.ToLower(b), s.inkHex()) {
		t.Errorf("got %s", b)
	}
}

func TestALineIsCutAtItsEnd(t *testing.T) {
	mono := func(s string) float32 { return float32(len([]rune(s))) }
	for _, c := range []struct {
		in   string
		w    float32
		want string
	}{
		{"short", 10, "short"}, {"exactly10!", 10, "exactly10!"}, {"much too long", 8, "much to…"}, {"a word, next", 8, "a word…"}, {"ありがとうございます", 5, "ありがと…"}, {"x", 0, "…"}, {"", 0, ""},
	} {
		if got := ellipsis(c.in, c.w, mono); got != c.want {
			t.Errorf("%q in %v: got %q, want %q", c.in, c.w, got, c.want)
		}
	}
}

func TestWordsAreWrapped(t *testing.T) {
	mono := func(s string) float32 { return float32(len([]rune(s))) }
	for _, c := range []struct {
		in   string
		w    float32
		most int
		want string
	}{
		{"one two three", 8, 5, "one two|three"}, {"one two three", 8, 1, "one two three"}, {"abcdefghij", 4, 5, "abcd|efgh|ij"}, {"日本語の文章", 3, 5, "日本語|の文章"}, {"a\nb", 9, 5, "a|b"}, {"", 5, 3, ""},
	} {
		if got := strings.Join(wrapWords(c.in, c.w, mono, c.most), "|"); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// fits checks that a widget's texts stay within it and don't lie over one another.
func fits(t *testing.T, what string, o fyne.CanvasObject) {
	t.Helper()
	type placed struct {
		text string
		x, y float32
		w, h float32
	}
	var all []placed
	var visit func(o fyne.CanvasObject, at fyne.Position)
	visit = func(o fyne.CanvasObject, at fyne.Position) {
		if !o.Visible() {
			return
		}
		at = at.Add(o.Position())
		if c, ok := o.(*canvas.Text); ok && c.Text != "" {
			m := c.MinSize()
			all = append(all, placed{c.Text, at.X, at.Y, m.Width, m.Height})
		}
		if w, ok := o.(fyne.Widget); ok {
			for _, c := range test.WidgetRenderer(w).Objects() {
				visit(c, at)
			}
		}
		if c, ok := o.(*fyne.Container); ok {
			for _, c := range c.Objects {
				visit(c, at)
			}
		}
	}
	visit(o, fyne.Position{}.Subtract(o.Position()))
	size := o.Size()
	for i, a := range all {
		if a.x < -0.5 || a.x+a.w > size.Width+1 {
			t.Errorf("%s: %q sticks out: %v to %v of %v", what, a.text, a.x, a.x+a.w, size.Width)
		}
		for _, b := range all[i+1:] {
			over := min(a.x+a.w, b.x+b.w) - max(a.x, b.x)
			high := min(a.y+a.h, b.y+b.h) - max(a.y, b.y)
			if over > 1 && high > 8 {
				t.Errorf("%s: %q lies over %q", what, a.text, b.text)
			}
		}
	}
}

func TestRowsNeverOverlapHoweverNarrow(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(newLook())
	row := view.Row{
		Key: 1, Who: "A sender with quite a long name and a title, Dr. h. c.", When: "31 Dec 2025", Subject: strings.Repeat("Subject with many words ", 20),
		Sign: view.SignAttention, Tone: view.ToneWarn, Word: strings.Repeat("the CRM refused it because ", 10), Clips: 12, Unread: true, State: "failed",
	}
	for w := float32(240); w < 700; w += 37 {
		for _, marked := range []bool{false, true} {
			r := newMessageRow(nil)
			r.Resize(fyne.NewSize(w, rowHeight))
			r.set(row, true, true, marked, true)
			fits(t, fmt.Sprintf("row of %v", w), r)
		}
	}
}

func TestABodyKeepsWithinItsWidth(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(newLook())
	bodies := map[string]view.Body{
		"letter":    view.FromHTML("<p>Thank you for the <b>offer of 19 November</b>. We have <i>three</i> <a href='http://x.example/'>questions about it and more</a>, before we order.</p><ul><li>one <li>two<blockquote>deep<blockquote>deeper " + strings.Repeat("word ", 50) + "</blockquote></blockquote></ul>"),
		"long word": view.FromText("https://x.example/" + strings.Repeat("abcdefghij", 60) + " and " + strings.Repeat("W", 500)),
		"japanese":  view.FromText(strings.Repeat("いつもお世話になっております。", 30)),
		"fixed":     view.FromHTML("<pre>" + strings.Repeat("if x { y() } ", 40) + "</pre>"),
		"mixed":     view.FromHTML(strings.Repeat("<b>a</b><i>b</i>c ", 200)),
	}
	for name, b := range bodies {
		for _, w := range []float32{220, 316, 700} {
			p := newProse(b.Blocks, nil, nil)
			h := p.heightFor(w)
			p.Resize(fyne.NewSize(w, h))
			if h < 18 {
				t.Errorf("%s: %v high", name, h)
			}
			fits(t, fmt.Sprintf("%s in %v", name, w), p)
		}
	}
}

func TestALongBodyIsShownInParts(t *testing.T) {
	body := view.FromText(strings.Repeat(strings.Repeat("word ", 40)+"\n", 200)) // 40,000 letters
	blocks, more := takeBlocks(body.Blocks, textPart)
	if n := len(blocks); !more || n < 38 || n > 42 {
		t.Errorf("%d blocks, more %v", n, more)
	}
	one := []view.Block{{Runs: []view.Run{{Text: "a "}, {Text: strings.Repeat("ünder ", 10_000)}}}}
	part, more := takeBlocks(one, 1000)
	if got := len(part[0].Runs[1].Text); !more || got > 1100 || one[0].Runs[1].Text != strings.Repeat("ünder ", 10_000) {
		t.Errorf("%d letters of one paragraph", got)
	}
	if _, more := takeBlocks(body.Blocks, 1_000_000); more {
		t.Error("more than everything")
	}
}

func TestTheWindowFoldsAsItGetsNarrow(t *testing.T) {
	r := usual(t)
	f := r.win.frame
	shown := func() string {
		s := ""
		for _, c := range []struct {
			name string
			o    fyne.CanvasObject
		}{{"list", r.win.list}, {"item", r.win.item}, {"panel", r.win.side}} {
			if c.o.Visible() {
				s += c.name + " "
			}
		}
		return strings.TrimSpace(s)
	}
	size := func(w float32) { f.Resize(fyne.NewSize(w, 700)) }
	for _, c := range []struct {
		w    float32
		want string
	}{{1280, "list item panel"}, {1000, "list item panel"}, {999, "list item"}, {700, "list item"}, {699, "list"}, {400, "list"}} {
		if size(c.w); shown() != c.want {
			t.Errorf("%v wide: %s", c.w, shown())
		}
	}
	r.press(fyne.KeyReturn)
	if shown() != "item" || !r.win.item.back.Visible() {
		t.Errorf("Enter: %s", shown())
	}
	r.typed("p")
	if shown() != "item panel" || !r.win.side.shut.Visible() {
		t.Errorf("p: %s", shown())
	}
	r.press(fyne.KeyEscape)
	r.press(fyne.KeyEscape)
	if shown() != "list" {
		t.Errorf("Escape, Escape: %s", shown())
	}
	size(1280)
	r.typed("p")
	if shown() != "list item" {
		t.Errorf("p when wide: %s", shown())
	}
}

func TestWidthsOfColumnsAreRemembered(t *testing.T) {
	r := usual(t)
	r.win.frame.grips[0].Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(40, 0)})
	r.win.frame.grips[0].DragEnd()
	if w := r.win.list.Size().Width; w != listWidth+40 || r.win.desk.Memory.Get("list", 0) != listWidth+40 {
		t.Errorf("%v wide", w)
	}
}

func TestTwentyThousandRowsCostAsMuchAsTwenty(t *testing.T) {
	r := usual(t)
	if err := sample.More(r.store, 20_000); err != nil {
		t.Fatal(err)
	}
	r.until("all are listed", func() bool { return r.win.desk.List.Len() == 20_059 })
	for range 50 {
		r.press(fyne.KeyPageDown)
	}
	r.press(fyne.KeyEnd)
	r.until("the last ones are read", func() bool { _, ok := r.win.desk.List.Row(20_058); return ok })
	if n := len(r.win.list.rows.field.pool); n > 20 {
		t.Errorf("%d row widgets", n)
	}
	last := false
	for _, o := range r.win.list.rows.field.objects {
		last = last || strings.HasPrefix(o.(*messageRow).row.Subject, "Message number 19999")
	}
	if !last {
		t.Error("the last message can't be seen")
	}
}

func TestAnEmptyMailboxSaysWhyAndWhatNext(t *testing.T) {
	r := newRig(t, false, fyne.NewSize(1280, 800))
	r.until("it is read", func() bool { return r.says("No messages yet") })
	test.Tap(r.button("Sync now"))
	if got := r.agent.Called(); len(got) != 1 || got[0] != "sync" {
		t.Errorf("got %q", got)
	}
}

func TestHintsComeAfterARestAndGoWithAKey(t *testing.T) {
	r := usual(t)
	r.win.hints.soon("Tuesday, 24 November 2026", fyne.NewPos(1270, 790))
	if r.win.hints.Visible() {
		t.Error("at once")
	}
	for _, f := range r.later {
		f()
	}
	h := r.win.hints
	if !h.Visible() || h.Position().X+h.Size().Width > 1280 || h.Position().Y+h.Size().Height > 800 {
		t.Errorf("at %v, %v large", h.Position(), h.Size())
	}
	r.typed("j")
	if h.Visible() {
		t.Error("it stays")
	}
}
