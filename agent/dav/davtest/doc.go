// Package davtest starts Radicale and Xandikos for tests, each in a folder of its
// own and on a port of its own, and holds servers and package dav together to
// what they promise.
package davtest
