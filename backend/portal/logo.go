package portal

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	_ "image/gif" // to say that it is one
	"image/jpeg"
	"image/png"
)

// What a logo may be, and what is made of it.
const (
	maxLogo       = 512 << 10 // of the file
	maxLogoPixels = 16 << 20  // a small file may be a huge picture
	drawnLogo     = 32 << 10  // of what phones load
)

// LogoError says why a file cannot be the logo.
type LogoError struct{ Problem string } // "empty", "too_large", "svg", "not_picture", "too_many_pixels"

func (e *LogoError) Error() string {
	return map[string]string{
		"empty":           "the file is empty",
		"too_large":       "the file is larger than 512 kB",
		"svg":             "SVG files may contain programs and cannot be the logo: save it as PNG, at least 480 pixels wide",
		"not_picture":     "the file is neither a PNG nor a JPEG picture",
		"too_many_pixels": "the picture has more than 16 million pixels",
	}[e.Problem]
}

// redraw reads a picture and draws it anew, small enough for a phone on a bad connection. What else was in the file,
// places and names among it, is gone.
func redraw(file []byte) (Logo, error) {
	if len(file) == 0 {
		return Logo{}, &LogoError{"empty"}
	}
	if len(file) > maxLogo {
		return Logo{}, &LogoError{"too_large"}
	}
	if looksLikeSVG(file) {
		return Logo{}, &LogoError{"svg"}
	}
	about, kind, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || kind != "png" && kind != "jpeg" {
		return Logo{}, &LogoError{"not_picture"}
	}
	if about.Width <= 0 || about.Height <= 0 {
		return Logo{}, &LogoError{"not_picture"}
	}
	if about.Width > maxLogoPixels/about.Height {
		return Logo{}, &LogoError{"too_many_pixels"}
	}
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return Logo{}, &LogoError{"not_picture"}
	}
	// Twice and three times as many pixels as it is shown with, for sharp screens; fewer if that takes too many bytes.
	for _, sharp := range []float64{3, 2, 1.5, 1, 0.5} {
		l, err := encode(shrink(picture, int(logoWidth*sharp), int(logoHeight*sharp)))
		if err != nil {
			return Logo{}, err
		}
		if len(l.Content) <= drawnLogo {
			return l, nil
		}
	}
	return Logo{}, &LogoError{"too_large"}
}

func looksLikeSVG(file []byte) bool {
	head := bytes.ToLower(file[:min(len(file), 1024)])
	return bytes.Contains(head, []byte("<svg")) || bytes.HasPrefix(bytes.TrimSpace(head), []byte("<?xml"))
}

// encode writes a picture as PNG, or as JPEG where that is smaller and nothing shines through.
func encode(picture *image.NRGBA) (Logo, error) {
	bounds := picture.Bounds()
	l := Logo{Kind: "image/png", Width: bounds.Dx(), Height: bounds.Dy()}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, picture); err != nil {
		return l, errors.Join(&LogoError{"not_picture"}, err)
	}
	l.Content = b.Bytes()
	if picture.Opaque() {
		var j bytes.Buffer
		if err := jpeg.Encode(&j, picture, &jpeg.Options{Quality: 88}); err != nil {
			return l, errors.Join(&LogoError{"not_picture"}, err)
		}
		if j.Len() < b.Len() {
			l.Kind, l.Content = "image/jpeg", j.Bytes()
		}
	}
	return l, nil
}

// shrink fits a picture into a box by the average of the pixels that fall together. It never enlarges.
func shrink(picture image.Image, width, height int) *image.NRGBA {
	from := picture.Bounds()
	scale := min(1, float64(width)/float64(from.Dx()), float64(height)/float64(from.Dy()))
	to := image.Rect(0, 0, max(1, int(float64(from.Dx())*scale+0.5)), max(1, int(float64(from.Dy())*scale+0.5)))
	small := image.NewNRGBA(to)
	for y := range to.Dy() {
		top, bottom := span(y, to.Dy(), from.Dy())
		for x := range to.Dx() {
			left, right := span(x, to.Dx(), from.Dx())
			var r, g, b, a, n uint64
			for sy := top; sy < bottom; sy++ {
				for sx := left; sx < right; sx++ {
					pr, pg, pb, pa := picture.At(from.Min.X+sx, from.Min.Y+sy).RGBA()
					r, g, b, a, n = r+uint64(pr), g+uint64(pg), b+uint64(pb), a+uint64(pa), n+1
				}
			}
			small.Set(x, y, color.RGBA64{R: uint16(r / n), G: uint16(g / n), B: uint16(b / n), A: uint16(a / n)})
		}
	}
	return small
}

// span is the source pixels that one of n target pixels covers.
func span(i, n, of int) (from, to int) {
	from, to = i*of/n, (i+1)*of/n
	return from, max(to, from+1)
}
