package dav_test

import (
	"testing"

	"postrider/agent"
	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
)

var _ agent.Directory = (*dav.Client)(nil)

func TestRadicaleConforms(t *testing.T) {
	t.Parallel()
	davtest.Conformance(t, func(t *testing.T) davtest.Fixture { return davtest.StartRadicale(t) })
}

func TestXandikosConforms(t *testing.T) {
	t.Parallel()
	davtest.Conformance(t, func(t *testing.T) davtest.Fixture { return davtest.StartXandikos(t) })
}
