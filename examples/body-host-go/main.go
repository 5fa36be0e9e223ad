// Bodies in Go, which a worker of Selvage calls.
package main

import "example.org/body-host-go/selvage"

// register has what adds bodies to the host.
var register = []func(*selvage.Host){pictures}

func main() {
	host := selvage.NewHost()
	for _, add := range register {
		add(host)
	}
	host.Serve()
}
