//go:build headless

package app

import "context"

// open says that this build has no window.
func (c *commands) open(context.Context, string, bool) error {
	return usageError("this Postrider was built without its window; use `postrider sync`")
}
