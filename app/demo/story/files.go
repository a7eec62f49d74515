package story

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
)

// File is an attachment, or an inline picture where it has a content id.
type File struct {
	Name, Type string // Type: the media type
	Data       []byte
	cid        string
}

// newFile makes a small, valid file of a Type: pdf, csv or png.
func newFile(kind, name string) (File, error) {
	switch kind {
	case "pdf":
		return File{Name: name, Type: "application/pdf", Data: pdf(strings.TrimSuffix(name, ".pdf"))}, nil
	case "csv":
		return File{Name: name, Type: "text/csv", Data: csv(name)}, nil
	case "png":
		return File{Name: name, Type: "image/png", Data: picture(name, 160, 120)}, nil
	}
	return File{}, fmt.Errorf("no attachment of kind %q", kind)
}

func random(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

// pdf makes a document of one page that bears its title (ISO 32000-1 section 7.5).
func pdf(title string) []byte {
	ascii := strings.Map(func(r rune) rune {
		switch {
		case r == '_':
			return ' '
		case r < 32 || r > 126 || strings.ContainsRune(`()\`, r):
			return '-'
		}
		return r
	}, title)
	page := fmt.Sprintf("BT /F1 20 Tf 72 760 Td (%s) Tj /F1 11 Tf 0 -32 Td (Alder demo document. Nothing in it is binding.) Tj ET", ascii)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(page), page),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var at []int
	for i, object := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}

func csv(name string) []byte {
	r := random(name)
	items := []string{"guideway cover", "bar feeder 42 mm", "chip conveyor", "steady rest", "spindle S-40", "turret 12 stations", "rotary union B", "chuck 210 mm"}
	var b bytes.Buffer
	b.WriteString("position;item;quantity;price_eur\r\n")
	for i := range 5 + r.IntN(12) {
		fmt.Fprintf(&b, "%d;%s;%d;%d.%02d\r\n", (i+1)*10, items[r.IntN(len(items))], 1+r.IntN(6), 40+r.IntN(9000), 5*r.IntN(20))
	}
	return b.Bytes()
}

// picture draws bars on a shaded ground, different for each name.
func picture(name string, w, h int) []byte {
	r := random(name)
	hue := uint8(r.IntN(120))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{hue + uint8(x*60/w), 110 + uint8(y*80/h), 160, 255})
		}
	}
	for i := range 6 {
		top := h/4 + r.IntN(h/2)
		for y := top; y < h-8; y++ {
			for x := 10 + i*w/7; x < 10+i*w/7+w/12; x++ {
				m.Set(x, y, color.RGBA{240, 240, 245, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err) // writing to memory does not fail
	}
	return b.Bytes()
}
