package event

import "golang.org/x/sys/unix"

const sinceBoot = unix.CLOCK_MONOTONIC // on a Mac it goes on during sleep; CLOCK_UPTIME_RAW does not
