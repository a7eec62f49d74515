package message

import (
	"io"

	"postrider/offline"
)

// Limits bound what Read takes from one message. A zero field stands for the
// default.
type Limits struct {
	Size        int64 // bytes of the whole message that are read; 200 MiB
	Header      int   // bytes of one part's header; 256 KiB
	Depth       int   // multiparts within one another; 50
	Parts       int   // parts of all depths; 1,000
	Text        int   // bytes of text and of HTML that are kept, each; 4 MiB
	Attachments int64 // bytes of all attachments; 150 MiB
	// InMemory is how many bytes an attachment may have to be kept. Of a larger
	// one only Size is told, and Extract gives the content. 0: all are kept.
	InMemory int64
	// NamesOnly leaves out the contents of attachments: Data stays nil.
	NamesOnly bool
	// Each is handed every attachment, numbered from 0 as in Content, instead of
	// its bytes being kept: Data stays nil and memory flat. An error of its own
	// ends the reading and is Read's.
	Each func(n int, a offline.Attachment, r io.Reader) error
}

func (l Limits) withDefaults() Limits {
	if l.Size <= 0 {
		l.Size = 200 << 20
	}
	if l.Header <= 0 {
		l.Header = maxHeader
	}
	if l.Depth <= 0 {
		l.Depth = 50
	}
	if l.Parts <= 0 {
		l.Parts = 1000
	}
	if l.Text <= 0 {
		l.Text = 4 << 20
	}
	if l.Attachments <= 0 {
		l.Attachments = 150 << 20
	}
	return l
}
