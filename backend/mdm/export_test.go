package mdm

// SortVersion is how versions are stored.
var SortVersion = sortVersion
