// Package windowtest holds the stories of the real window: the program is started under a display of its own, and driven
// through WebDriver as a person would drive it. Most stories of the screens run in a browser instead, since the window and
// a browser go through the same door; here is what only the window has.
//
// Its tests are built with the tag e2e and need a program built with it, a display, a session bus, openbox, wmctrl, xdotool
// and WebKitWebDriver. `make test` brings all of that.
//
// # Traps
//
//   - The session must end before the driver, or the program stays.
//   - Wait for what a person would see, never for time.
package windowtest
