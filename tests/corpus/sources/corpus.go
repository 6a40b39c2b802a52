// Ways for a program in Go to fail: `corpus WHAT`.
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
)

func main() {
	what := "well"
	if len(os.Args) > 1 {
		what = os.Args[1]
	}
	switch what {
	case "nil-map":
		var tenants map[string]int
		tenants["one"] = 1
	case "index":
		rows := make([]int, len(os.Args)-1)
		fmt.Println(rows[5])
	case "nil":
		var tenant *struct{ port int }
		fmt.Println(tenant.port)
	case "panic":
		panic(errors.New("no tenant is configured"))
	case "asleep":
		var wait sync.WaitGroup
		wait.Add(1)
		wait.Wait()
	case "config":
		if _, err := os.ReadFile("/etc/app/app.conf"); err != nil {
			log.Fatalf("cannot read the configuration: %v", err)
		}
	case "get":
		if _, err := http.Get(os.Args[2]); err != nil {
			log.Fatal(err)
		}
	case "listen":
		if _, err := net.Listen("tcp", os.Args[2]); err != nil {
			log.Fatal(err)
		}
	case "lapped-nil-map":
		for i := 0; i < 1000000; i++ {
			syscall.Getppid()
		}
		var tenants map[string]int
		tenants["one"] = 1
	}
	fmt.Println("well")
}
