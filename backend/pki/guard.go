package pki

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
)

// What a message of a phone may be at most. Real ones are far below: a signed MachineInfo has about 4 kB, 12 levels and
// 200 elements.
const (
	maxNesting  = 64      // levels, of ASN.1 and of property lists
	maxElements = 4096    // of one CMS message
	maxTags     = 200_000 // elements of one property list: 500 apps with all that a phone says about each have 20,000
	maxMessage  = 1 << 18 // bytes of one CMS message, the plain content included
	// maxCertificates go along with one CMS message. A device sends its own and two above it; each that could stand there
	// costs us a look at a signature.
	maxCertificates = 10
)

// parses bounds how many CMS messages are taken apart at a time, so that a flood of them cannot take all memory.
var parses = make(chan struct{}, 4*runtime.GOMAXPROCS(0))

// errEncoding is the reason why a message was not even looked at.
var errEncoding = errors.New("not an acceptable ASN.1 encoding")

// checkBER walks the headers of an ASN.1 encoding, without keeping anything, and refuses what would cost a parser more than
// it is worth: deep nesting, very many elements, indefinite lengths that never end, anything after the end.
func checkBER(b []byte) error {
	if len(b) > maxMessage {
		return fmt.Errorf("%w: %d bytes", errEncoding, len(b))
	}
	const indefinite = -1
	var ends [maxNesting]int // where each open element ends
	depth, at := 0, 0
	for elements := 0; ; elements++ {
		// Leave what ends here.
		for depth > 0 {
			end := ends[depth-1] //nolint:gosec // depth is above 0 here
			if end == indefinite && at+1 < len(b) && b[at] == 0 && b[at+1] == 0 {
				at += 2
			} else if end != at {
				break
			}
			depth--
		}
		if depth == 0 && elements > 0 {
			if at != len(b) {
				return fmt.Errorf("%w: %d bytes after the end", errEncoding, len(b)-at)
			}
			return nil
		}
		if elements == maxElements {
			return fmt.Errorf("%w: more than %d elements", errEncoding, maxElements)
		}
		if at+2 > len(b) {
			return fmt.Errorf("%w: cut off", errEncoding)
		}
		tag := b[at]
		if tag&0x1f == 0x1f {
			return fmt.Errorf("%w: a tag that CMS does not have", errEncoding)
		}
		constructed := tag&0x20 != 0
		length := int(b[at+1])
		at += 2
		switch {
		case length == 0x80 && !constructed:
			return fmt.Errorf("%w: a value without an end", errEncoding)
		case length == 0x80:
			length = indefinite
		case length > 0x80:
			size := length - 0x80
			if size > 4 || at+size > len(b) {
				return fmt.Errorf("%w: cut off", errEncoding)
			}
			length = 0
			for _, c := range b[at : at+size] {
				length = length<<8 | int(c)
			}
			at += size
		}
		end := len(b)
		for i := depth - 1; i >= 0; i-- { // an indefinite element ends no later than what it lies in
			if ends[i] != indefinite {
				end = ends[i]
				break
			}
		}
		if length != indefinite && (length > end-at || length < 0) {
			return fmt.Errorf("%w: longer than what it lies in", errEncoding)
		}
		if !constructed {
			at += length
			continue
		}
		if depth == maxNesting {
			return fmt.Errorf("%w: nested deeper than %d", errEncoding, maxNesting)
		}
		if length == indefinite {
			ends[depth] = indefinite
		} else {
			ends[depth] = at + length
		}
		depth++
	}
}

// ErrPlist says that a property list is not one we take: XML only, of a decent size and depth, without declarations.
var ErrPlist = errors.New("pki: not an acceptable property list")

// CheckPlist guards the property list decoder. It takes XML alone (the binary and the old text format have their own ways
// to keep a decoder busy), at most limit bytes, 64 levels and 200,000 elements (the decoder makes a value of each, ten times as
// large as <a/>), and no declarations besides Apple's DOCTYPE line: with them come entities. It reads each byte once and keeps nothing; that the document is well-formed is the decoder's business.
func CheckPlist(b []byte, limit int) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrPlist, len(b), limit)
	}
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(b) == 0 || b[0] != '<' {
		return fmt.Errorf("%w: not XML", ErrPlist)
	}
	depth, root, elements := 0, false, 0
	for len(b) > 0 {
		open := bytes.IndexByte(b, '<')
		text := b
		if open >= 0 {
			text = b[:open]
		}
		if err := checkText(text, depth > 0); err != nil {
			return err
		}
		if open < 0 {
			break
		}
		b = b[open:]
		var rest []byte
		var found bool
		switch {
		case bytes.HasPrefix(b, []byte("<?")):
			_, rest, found = bytes.Cut(b, []byte("?>"))
		case bytes.HasPrefix(b, []byte("<!--")):
			_, rest, found = bytes.Cut(b[4:], []byte("-->"))
		case bytes.HasPrefix(b, []byte("<![CDATA[")) && depth > 0:
			_, rest, found = bytes.Cut(b, []byte("]]>"))
		case bytes.HasPrefix(b, []byte("<!DOCTYPE")) && !root:
			var doctype []byte
			doctype, rest, found = bytes.Cut(b, []byte(">"))
			if bytes.ContainsAny(doctype[1:], "[<&%'") || bytes.Count(doctype, []byte(`"`))%2 != 0 {
				return fmt.Errorf("%w: declarations inside the DOCTYPE", ErrPlist)
			}
		case bytes.HasPrefix(b, []byte("<!")):
			return fmt.Errorf("%w: a declaration", ErrPlist)
		default:
			var tag []byte
			tag, rest, found = bytes.Cut(b[1:], []byte(">"))
			switch {
			case !found:
			case len(tag) == 0 || bytes.ContainsAny(tag, "<&"):
				return fmt.Errorf("%w: a broken tag", ErrPlist)
			case tag[0] == '/':
				if depth--; depth < 0 {
					return fmt.Errorf("%w: an element is closed that was never opened", ErrPlist)
				}
			default:
				if elements++; elements > maxTags {
					return fmt.Errorf("%w: more than %d elements", ErrPlist, maxTags)
				}
				// Only the root has an attribute, its version. Without quotes there is no second way to read where a
				// tag ends, so the decoder cannot see other levels than we count.
				if depth > 0 && bytes.ContainsAny(tag, `"'`) {
					return fmt.Errorf("%w: an attribute", ErrPlist)
				}
				if depth == 0 {
					if root || !isRoot(tag) {
						return fmt.Errorf("%w: no single plist element", ErrPlist)
					}
					root = true
				}
				if tag[len(tag)-1] != '/' {
					depth++
				}
				if depth > maxNesting {
					return fmt.Errorf("%w: nested deeper than %d", ErrPlist, maxNesting)
				}
			}
		}
		if !found {
			return fmt.Errorf("%w: cut off", ErrPlist)
		}
		b = rest
	}
	if depth != 0 || !root {
		return fmt.Errorf("%w: cut off", ErrPlist)
	}
	return nil
}

// isRoot knows the ways in which property lists begin.
func isRoot(tag []byte) bool {
	switch string(bytes.TrimSpace(bytes.TrimSuffix(tag, []byte("/")))) {
	case "plist", `plist version="1.0"`, `plist version='1.0'`:
		return true
	}
	return false
}

// checkText looks at what stands between tags: nothing but white space outside of the root, no entities but the five of
// XML inside.
func checkText(text []byte, inside bool) error {
	if !inside {
		if len(bytes.Trim(text, " \t\r\n")) > 0 {
			return fmt.Errorf("%w: text outside of the plist element", ErrPlist)
		}
		return nil
	}
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return nil
		}
		name, _, found := bytes.Cut(text[i+1:min(len(text), i+12)], []byte(";"))
		if !found {
			return fmt.Errorf("%w: a bare ampersand", ErrPlist)
		}
		switch string(name) {
		case "lt", "gt", "amp", "quot", "apos":
		default:
			if len(name) == 0 || name[0] != '#' {
				return fmt.Errorf("%w: an entity", ErrPlist)
			}
		}
		text = text[i+1+len(name)+1:]
	}
}
