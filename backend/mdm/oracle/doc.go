// Package oracle sends the same messages to NanoMDM and to our own core and compares what they answer.
//
// NanoMDM has met real devices for years, so where the two agree we need no device to know. Where they do not, the test
// names the reason; a difference without one fails, and so does a reason without a difference. The package is a module of
// its own: NanoMDM is no part of the product (docs/decisions/own-mdm-core.md).
//
//	cd backend/mdm/oracle && go test ./...
//
// Tables: none.
package oracle
