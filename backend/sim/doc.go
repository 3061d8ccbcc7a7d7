// Package sim is the yard: the outside world as our server meets it, simulated at the wire.
//
// A [Phone] lives the whole life of an iPhone under account-driven User Enrollment: discovery, sign-in through the real
// pages, SCEP, check-in, commands, declarations, renewal, leaving. It is picky: it refuses what an iPhone refuses and
// names Apple's rule in a [Refusal], so every test that uses it is a conformance test. [APNs] is Apple's push service,
// [LDAP] a directory with a small town of people, [Town] many phones with habits, and [Load] a town against a server.
//
// The package imports nothing of ours. It has its own idea of the wire, so that a wrong field name cannot be wrong on
// both sides. The rules come from docs/PROTOCOL.md and Apple's papers named there.
//
// # Traps
//
//   - All chance comes from a seed; a test that fails prints it. Zero means a seed of its own at every start.
//   - Keys are made from a pool of primes that all phones share. They are quick and different, and worth nothing as secrets.
//   - A phone has one conversation at a time. Its methods may be called from several goroutines; they wait for one another.
//   - Temper and clock belong to the phone: a phone with a wrong clock signs with the wrong time.
//
// Tables: none.
package sim
