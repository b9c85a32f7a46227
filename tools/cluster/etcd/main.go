// etcd, which can't be installed by its module's path because that module replaces some of its requirements.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
