// Package appleschema holds what we send to phones against Apple's own description of it, in tests.
//
// The folder schema is a copy of the parts of Apple's repository github.com/apple/device-management that we use (seed of
// iOS 18.2, MIT licence beside it). [Profile], [Command] and [Declaration] check one message each: keys, types, values and
// ranges, and whether it is allowed on an iPhone in User Enrollment. They return one line for each problem.
//
// Only tests import this package: it is data and patience, and has no place in the program.
//
// # Traps
//
//   - The description says that AccessRights is ignored in User Enrollment; an iPhone cancels the enrollment over it. What
//     the description calls ignored is a problem here.
//   - "removed" and "introduced: n/a" are about the newest systems. We send nothing that only old ones know.
//
// Tables: none.
package appleschema
