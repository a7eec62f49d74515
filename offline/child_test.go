package offline

import (
	"fmt"
	"os"
)

// childMain is what the test binary does when a test starts it as another
// process; its result is the exit code.
func childMain(role string) int {
	fmt.Fprintf(os.Stderr, "unknown child %q\n", role)
	return 2
}
