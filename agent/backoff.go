package agent

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// newBackoff is the wait between tries while a server can't be reached: 5
// seconds at first, growing to 5 minutes, spread by half so that many
// Postriders don't come back at one instant.
func newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 5 * time.Second
	b.MaxInterval = 5 * time.Minute
	b.Multiplier = 2
	b.RandomizationFactor = 0.5
	b.Reset()
	return b
}

// changeDelay is how long a change waits after its nth failed attempt.
func changeDelay(attempts int) time.Duration {
	return min(10*time.Second<<min(max(attempts-1, 0), 10), time.Hour)
}
