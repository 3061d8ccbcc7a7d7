package admin

// maxBody is more than any honest request has: a PKCS#12 file in base64.
const maxBody = 1 << 20
