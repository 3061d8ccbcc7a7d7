// Gatehouse enrolls people's own iPhones for their work: a desktop window with the server inside.
// Wails compiles the package beside wails.json, so it stands here; everything is in app.
package main

import "example.org/gatehouse/app"

func main() { app.Main() }
