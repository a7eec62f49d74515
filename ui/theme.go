package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The names of our own colours; the rest are the toolkit's names for the same.
const (
	colSurface    fyne.ThemeColorName = "surface"
	colBackground                     = theme.ColorNameBackground
	colLine       fyne.ThemeColorName = "line"
	colText                           = theme.ColorNameForeground
	colMuted      fyne.ThemeColorName = "muted"
	colAccent     fyne.ThemeColorName = "accent"
	colAccentSoft fyne.ThemeColorName = "accentSoft"
	colOnAccent   fyne.ThemeColorName = "onAccent"
	colInfo       fyne.ThemeColorName = "info"
	colWarn       fyne.ThemeColorName = "warn"
	colDanger     fyne.ThemeColorName = "danger"
	colHover      fyne.ThemeColorName = "rowHover"
	colInk        fyne.ThemeColorName = "toast"   // ground of toasts and hints
	colOnInk      fyne.ThemeColorName = "onToast" // text on it
	colInkLink    fyne.ThemeColorName = "toastLink"
)

// The three sizes of type.
const (
	sizeBody  = theme.SizeNameText
	sizeSmall = theme.SizeNameCaptionText
	sizeTitle = theme.SizeNameHeadingText
)

// palette is one variant of the theme: every colour that is drawn comes from here.
type palette struct {
	background, surface, line, text, muted  color.NRGBA
	accent, accentSoft, onAccent            color.NRGBA
	info, warn, danger                      color.NRGBA
	hover, disabled, control, scroll, shade color.NRGBA
	toast, onToast, toastLink               color.NRGBA
}

func hex(rgb uint32) color.NRGBA {
	return color.NRGBA{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 0xff}
}

func light() palette {
	return palette{
		background: hex(0xF6F6F3), surface: hex(0xFFFFFF), line: hex(0xE2E4E6), text: hex(0x1C2227), muted: hex(0x5A646D),
		accent: hex(0x0B6B5B), accentSoft: hex(0xDCEEE9), onAccent: hex(0xFFFFFF),
		info: hex(0x2457A6), warn: hex(0x8A5B00), danger: hex(0xB3261E),
		hover: hex(0xF1F2F1), disabled: hex(0x8C959D), control: hex(0xECEEEC), scroll: hex(0xC3C8CC),
		shade: color.NRGBA{0x1C, 0x22, 0x27, 0x55},
		toast: hex(0x22292F), onToast: hex(0xF2F4F5), toastLink: hex(0x7FD3C2),
	}
}

func dark() palette {
	return palette{
		background: hex(0x14171A), surface: hex(0x1C2024), line: hex(0x2B3137), text: hex(0xE8EAEC), muted: hex(0xA3ABB3),
		accent: hex(0x56BFAA), accentSoft: hex(0x1D3833), onAccent: hex(0x10201C),
		info: hex(0x8AB4F8), warn: hex(0xE0B04A), danger: hex(0xF2877D),
		hover: hex(0x23282D), disabled: hex(0x6C757D), control: hex(0x2A3036), scroll: hex(0x474F57),
		shade: color.NRGBA{0, 0, 0, 0x88},
		toast: hex(0xE8EAEC), onToast: hex(0x1C2227), toastLink: hex(0x0B6B5B),
	}
}

// look is Postrider's theme.
type look struct {
	light, dark palette
	variant     *fyne.ThemeVariant // nil: what the desktop prefers
}

var _ fyne.Theme = (*look)(nil)

func newLook() *look { return &look{light: light(), dark: dark()} }

func (l *look) palette(v fyne.ThemeVariant) *palette {
	if l.variant != nil {
		v = *l.variant
	}
	if v == theme.VariantLight {
		return &l.light
	}
	return &l.dark
}

// Color returns a colour of ours, or of the toolkit by what it stands for.
func (l *look) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	p := l.palette(v)
	switch n {
	case colBackground:
		return p.background
	case colSurface, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameInputBackground,
		theme.ColorNameHeaderBackground:
		return p.surface
	case colLine, theme.ColorNameSeparator:
		return p.line
	case theme.ColorNameInputBorder, colScroll:
		return p.scroll
	case colText:
		return p.text
	case colMuted, theme.ColorNamePlaceHolder:
		return p.muted
	case colAccent, theme.ColorNamePrimary, theme.ColorNameSuccess:
		return p.accent
	case colAccentSoft, theme.ColorNameSelection, theme.ColorNameFocus:
		return p.accentSoft
	case colOnAccent, theme.ColorNameForegroundOnPrimary, theme.ColorNameForegroundOnSuccess:
		return p.onAccent
	case colInfo, theme.ColorNameHyperlink:
		return p.info
	case colWarn, theme.ColorNameWarning:
		return p.warn
	case colDanger, theme.ColorNameError:
		return p.danger
	case theme.ColorNameForegroundOnError, theme.ColorNameForegroundOnWarning:
		return p.surface
	case colHover, theme.ColorNameHover, theme.ColorNamePressed:
		return p.hover
	case theme.ColorNameDisabled:
		return p.disabled
	case theme.ColorNameButton, theme.ColorNameDisabledButton:
		return p.control
	case theme.ColorNameScrollBar:
		return p.scroll
	case theme.ColorNameScrollBarBackground:
		return color.Transparent
	case theme.ColorNameShadow:
		return color.Transparent // the toolkit puts shadows where we draw lines
	case colShade:
		return p.shade
	case colInk:
		return p.toast
	case colOnInk:
		return p.onToast
	case colInkLink:
		return p.toastLink
	}
	return theme.DefaultTheme().Color(n, v)
}

const (
	colScroll fyne.ThemeColorName = "scrollThumb"
	colShade  fyne.ThemeColorName = "shade" // over the window while a dialog is open
)

// Font is the toolkit's: it is there on every desktop and knows many scripts.
func (l *look) Font(s fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(s) }

// Icon is the toolkit's, for the few widgets of its own that are used.
func (l *look) Icon(n fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(n) }

// Size is on a grid of four.
func (l *look) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case sizeBody, theme.SizeNameSubHeadingText:
		return 13
	case sizeSmall:
		return 11
	case sizeTitle:
		return 17
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 8
	case theme.SizeNameInlineIcon:
		return 16
	case theme.SizeNameLineSpacing:
		return 4
	case theme.SizeNameScrollBar:
		return 10
	case theme.SizeNameScrollBarSmall:
		return 4
	case theme.SizeNameScrollBarRadius:
		return 4
	case theme.SizeNameSeparatorThickness, theme.SizeNameInputBorder:
		return 1
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 6
	}
	return theme.DefaultTheme().Size(n)
}

// tone is the theme's colour for a tone of the models.
func tone[T ~string](t T) fyne.ThemeColorName {
	switch t {
	case "info":
		return colInfo
	case "accent":
		return colAccent
	case "warn":
		return colWarn
	case "danger":
		return colDanger
	}
	return colMuted
}
