// Package export writes a table in the formats people ask for: CSV, TSV, JSON, XLSX, XML, a page to print and plain text.
//
// Rows stream: a list of a hundred thousand phones is never in memory at once, except for plain text, whose columns
// are as wide as their widest cell, and for XLSX, which spills to a temporary file.
//
// # Traps
//
//   - A spreadsheet runs a cell that begins with = + - @, a tab or a carriage return as a formula. The names of phones
//     come from strangers, so CSV and TSV put an apostrophe before such a cell. In the other formats text is text.
//   - A terminal obeys control characters, so plain text has none.
//   - Excel takes a CSV file without a byte order mark for the system's old code page; see [Options].
//
// [Read] is the way back for CSV, TSV and XLSX: what people send may be hostile, so it is bounded in every direction.
//
// Tables: none.
package export
