package localorg

import (
	"strings"
	"unicode/utf8"
)

// tokenKind is what a piece of a $filter is.
type tokenKind int

const (
	tokEnd   tokenKind = iota
	tokWord            // name, path, operator, number, GUID, instant
	tokText            // 'quoted'
	tokPunct           // ( ) , = : [ ]
	tokAlias           // @name
	tokList            // ["a","b"], as it was written
)

type token struct {
	kind tokenKind
	text string
	at   int
}

// lexer cuts a $filter into tokens. It stops at the first fault.
type lexer struct {
	src string
	pos int
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '/' || c == '-' || c == '+' || c == '$' || c >= utf8.RuneSelf
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		l.pos++
	}
	at := l.pos
	if at == len(l.src) {
		return token{tokEnd, "", at}, nil
	}
	switch c := l.src[at]; {
	case c == '\'':
		return l.quoted()
	case c == '[':
		return l.list()
	case c == '@':
		l.pos++
		l.word()
		return token{tokAlias, l.src[at:l.pos], at}, nil
	case isWordByte(c):
		l.word()
		l.instant(at)
		return token{tokWord, l.src[at:l.pos], at}, nil
	case strings.IndexByte("(),=:", c) >= 0:
		l.pos++
		return token{tokPunct, l.src[at:l.pos], at}, nil
	}
	return token{}, syntaxFault(l.src, at)
}

func (l *lexer) word() {
	for l.pos < len(l.src) && isWordByte(l.src[l.pos]) {
		l.pos++
	}
}

// instant takes in the colons of a date and time, which elsewhere are
// punctuation.
func (l *lexer) instant(at int) {
	for l.pos < len(l.src) && l.src[l.pos] == ':' && l.pos-at >= 13 && l.src[at] >= '0' && l.src[at] <= '9' {
		l.pos++
		l.word()
	}
}

// quoted reads a text between single quotes, a quote in it being doubled.
func (l *lexer) quoted() (token, error) {
	at := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.src); l.pos++ {
		if l.src[l.pos] != '\'' {
			b.WriteByte(l.src[l.pos])
			continue
		}
		if l.pos+1 < len(l.src) && l.src[l.pos+1] == '\'' {
			b.WriteByte('\'')
			l.pos++
			continue
		}
		l.pos++
		return token{tokText, b.String(), at}, nil
	}
	return token{}, badQuery("There is an unterminated string literal at position %d in '%s'.", at, l.src)
}

// list reads a list in brackets to its end, passing over quoted brackets.
func (l *lexer) list() (token, error) {
	at := l.pos
	var quote byte
	for ; l.pos < len(l.src); l.pos++ {
		switch c := l.src[l.pos]; {
		case quote != 0:
			if c == '\\' && quote == '"' {
				l.pos++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ']':
			l.pos++
			return token{tokList, l.src[at:l.pos], at}, nil
		}
	}
	return token{}, syntaxFault(l.src, at)
}

func syntaxFault(src string, at int) error {
	return badQuery("Syntax error at position %d in '%s'.", at, src)
}
