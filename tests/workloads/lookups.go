// Looks up the names that it is given, with Go's own resolver.
package main

import (
	"context"
	"net"
	"os"
)

func main() {
	resolver := net.Resolver{PreferGo: true}
	for _, name := range os.Args[1:] {
		_, _ = resolver.LookupIPAddr(context.Background(), name)
	}
}
