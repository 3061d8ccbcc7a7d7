package backend_test

import "os"

// fillDisk is no signal here: Windows has no limit for the size of files to play a full disk with.
var fillDisk = os.Kill

func diskCanFill(bool) {}
