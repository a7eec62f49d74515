// Package ui is Postrider's window and tray.
//
// It draws what the models of ui/view say and turns keys and mouse into calls of
// them; it decides nothing, waits for nothing, and knows no network. Everything in
// it runs on the interface's goroutine: results of other goroutines arrive through
// fyne.Do, at most ten times a second.
//
// The toolkit's own widgets are roomy and all alike, so most of what is seen is
// drawn by small widgets of our own (leaf.go), in the colours and sizes of theme.go.
// Only run.go needs a display; everything else also works on the toolkit's test
// driver. The build tag headless leaves run.go out.
package ui
