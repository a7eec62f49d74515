// Command postrider carries a person's mail between their mailbox and their CRM.
package main

import (
	"os"

	"postrider/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
