package settings

import (
	"fmt"
	"math"
	"strconv"
)

// The portal's backgrounds; portal/pages/style.css has the same. Links stand on the page and in the fields.
var (
	lightGrounds = []string{"#f2f2f7", "#ffffff"}
	darkGrounds  = []string{"#000000", "#1c1c1e"}
)

// Readable is the contrast that text needs (WCAG 2.2, 1.4.3).
const Readable = 4.5

// Contrast is the verdict on one colour of the portal.
type Contrast struct {
	Field      string  // "accent_light", "accent_dark"
	Color      string  // as it was given
	Ratio      float64 // with the background on which it is worst
	Problem    string  // "", "not_color" or "contrast"
	Suggestion string  // the nearest colour of the same hue that is readable
	Ink        string  // what is written on it, on a button: the more readable of black and white
}

// Contrasts says whether the portal's colours can be read. This is the one place that decides it.
func Contrasts(p Portal) []Contrast {
	return []Contrast{
		contrast("accent_light", p.AccentLight, lightGrounds, -1),
		contrast("accent_dark", p.AccentDark, darkGrounds, 1),
	}
}

func contrast(field, color string, grounds []string, away float64) Contrast {
	c := Contrast{Field: field, Color: color}
	rgb, ok := parseColor(color)
	if !ok {
		c.Problem = "not_color"
		return c
	}
	c.Ratio, c.Ink = worst(rgb, grounds), ink(rgb)
	if c.Ratio >= Readable {
		return c
	}
	c.Problem = "contrast"
	// Away from the backgrounds in small steps, keeping the hue: towards black on light pages, towards white on dark.
	for step := 1; step <= 200; step++ {
		next := mix(rgb, away, float64(step)/200)
		if worst(next, grounds) >= Readable {
			c.Suggestion = next.hex()
			break
		}
	}
	return c
}

// color is red, green and blue from 0 to 255.
type color [3]float64

func parseColor(s string) (color, bool) {
	if len(s) != 7 || s[0] != '#' {
		return color{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return color{}, false
	}
	return color{float64(n >> 16 & 255), float64(n >> 8 & 255), float64(n & 255)}, true
}

func (c color) hex() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

// mix goes a share of the way to black (-1) or white (1). The result is what its hexadecimal form says.
func mix(c color, to, share float64) color {
	end := 0.0
	if to > 0 {
		end = 255
	}
	for i := range c {
		c[i] = math.Round(c[i] + (end-c[i])*share)
	}
	return c
}

// luminance is that of WCAG 2.2.
func (c color) luminance() float64 {
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}

func ratio(a, b color) float64 {
	x, y := a.luminance(), b.luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

func worst(c color, grounds []string) float64 {
	least := math.Inf(1)
	for _, g := range grounds {
		ground, _ := parseColor(g)
		least = min(least, ratio(c, ground))
	}
	return least
}

// ink is black or white, whichever can be read better; one of the two always can.
func ink(c color) string {
	if ratio(c, color{255, 255, 255}) >= ratio(c, color{}) {
		return "#ffffff"
	}
	return "#000000"
}
