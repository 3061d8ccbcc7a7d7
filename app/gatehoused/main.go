// Command gatehoused is Gatehouse without a window: the server, and every action of its administrator.
package main

import (
	"os"

	"example.org/gatehouse/app/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
