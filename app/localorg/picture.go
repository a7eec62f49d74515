package localorg

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"

	_ "image/gif" // the kinds of picture that the service takes
	_ "image/png"
)

const (
	maxImage  = 14 << 20 // characters of base64: 10 MB
	thumbSize = 144      // pixels of the side that the service keeps of a picture
)

// thumbnail is what the service keeps of a picture: the middle of it, 144 by
// 144 pixels ("Image columns"). A picture of that size or smaller is kept as it is.
func thumbnail(body string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return "", badPayload("The content of an image column is not valid base64: %v", err)
	}
	whole, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return "", badValue("The file that was uploaded is not a valid image.")
	}
	b := whole.Bounds()
	if b.Dx() <= thumbSize && b.Dy() <= thumbSize {
		return body, nil
	}
	side := min(b.Dx(), b.Dy())
	left, top := b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2
	size := min(side, thumbSize)
	out := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			out.Set(x, y, average(whole, image.Rect(left+x*side/size, top+y*side/size, left+(x+1)*side/size, top+(y+1)*side/size)))
		}
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, out, nil); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

// average is the colour of a part of a picture, seen from afar.
func average(of image.Image, part image.Rectangle) color.Color {
	var r, g, b, n uint64
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			cr, cg, cb, _ := of.At(x, y).RGBA()
			r, g, b, n = r+uint64(cr), g+uint64(cg), b+uint64(cb), n+1
		}
	}
	n = max(n, 1)
	return color.RGBA64{R: uint16(r / n), G: uint16(g / n), B: uint16(b / n), A: 0xffff}
}
