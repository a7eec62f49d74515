//go:build !linux

package offline

import (
	"errors"
	"testing"
)

func mountSmall(*testing.T, string) error { return errors.ErrUnsupported }
