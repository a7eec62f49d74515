package track

import "postrider/offline"

// ThreadRoot returns what all messages of a conversation have in common: the
// first 22 bytes of a conversation index as 44 digits in upper hex. It reads the
// base64 of a Thread-Index header, with or without padding, and the hexadecimal
// in which a CRM keeps it. "": it is neither, or too short.
func ThreadRoot(threadIndex string) string {
	root, _ := offline.Conversation(threadIndex)
	return root
}

// AnswersInThread reports whether a conversation index is of an answer, not of
// the message that began the conversation.
func AnswersInThread(threadIndex string) bool {
	_, answer := offline.Conversation(threadIndex)
	return answer
}
