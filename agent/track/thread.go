package track

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// rootSize is the length of the header of a conversation index: one byte, five
// of the time and a GUID; each answer adds a block of five bytes ([MS-OXOMSG]
// section 2.2.1.3).
const rootSize = 22

// ThreadRoot returns what all messages of a conversation have in common: the
// first 22 bytes of a conversation index as 44 digits in upper hex. It reads the
// base64 of a Thread-Index header, with or without padding, and the hexadecimal
// in which a CRM keeps it. "": it is neither, or too short.
func ThreadRoot(threadIndex string) string {
	if b := threadBytes(threadIndex); b != nil {
		return strings.ToUpper(hex.EncodeToString(b[:rootSize]))
	}
	return ""
}

// AnswersInThread reports whether a conversation index is of an answer, not of
// the message that began the conversation.
func AnswersInThread(threadIndex string) bool { return len(threadBytes(threadIndex)) > rootSize }

// maxThreadIndex is more than any mail program writes (400 answers in a row).
const maxThreadIndex = 4096

func threadBytes(s string) []byte {
	s = strings.TrimSpace(s)
	if len(s) < base64.RawStdEncoding.EncodedLen(rootSize) || len(s) > maxThreadIndex {
		return nil
	}
	// Hexadecimal first: base64 that has these 44 digits only does not occur.
	b, err := hex.DecodeString(s)
	if err != nil || len(s) < 2*rootSize {
		b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	}
	if err != nil || len(b) < rootSize {
		return nil
	}
	return b
}
