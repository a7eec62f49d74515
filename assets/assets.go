// Package assets holds what the windows are drawn with: the application's icon,
// the icons of the tray, and the signs and symbols of the interface.
//
// The symbols are one-colour SVG in a 24-unit box, drawn in Ink; whoever shows
// one replaces Ink by a colour of the theme. Nothing in here knows a toolkit.
package assets

import (
	"embed"
	"fmt"
)

// Ink is the colour that every symbol is drawn in.
const Ink = "#000000"

//go:embed icons icon.png
var files embed.FS

// Symbol returns the SVG of a symbol by its name, for example "state-tracked".
// A name that does not exist is a mistake in the program: it panics.
func Symbol(name string) []byte { return read("icons/" + name + ".svg") }

// Tray returns the PNG of a tray icon: "idle", "syncing", "offline", "paused"
// or "attention".
func Tray(state string) []byte { return read("icons/tray-" + state + ".png") }

// Icon returns the application's icon as PNG, 512 pixels square.
func Icon() []byte { return read("icon.png") }

func read(path string) []byte {
	b, err := files.ReadFile(path)
	if err != nil {
		panic(fmt.Sprintf("assets: %v", err))
	}
	return b
}
