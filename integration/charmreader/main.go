package main

import _ "github.com/juju/charm/v12"

func main() {}
