package app

import _ "embed"

// icon is what Linux shows for the window; build/icon/appicon.svg, 128 pixels wide.
//
//go:embed icon.png
var icon []byte
