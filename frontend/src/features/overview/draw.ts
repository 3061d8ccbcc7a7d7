/** Draws pictures with Observable Plot. Only the overview loads it, when it has something to draw. */
import * as Plot from '@observablehq/plot'
import type { Bar, Picture } from './charts.svelte'

export interface Frame {
  width: number
  /** the size of small text, in pixels: everything grows with it. */
  text: number
  rtl: boolean
  month: (at: string) => string
  number: (value: number) => string
  href: (filter: string[]) => string
}

const tones = ['var(--accent)', 'var(--edge)']

/** draw gives the picture; its bars are links to the phones behind them, and say what they are. */
export function draw(picture: Picture, frame: Frame): SVGSVGElement | HTMLElement {
  const drawn = picture.id === 'weeks' ? columns(picture, frame) : rows(picture, frame)
  // Plot names every shape; to a screen reader only links may say something. The rest is for the pointer.
  for (const shape of drawn.querySelectorAll('[aria-label]')) {
    const said = shape.getAttribute('aria-label') ?? ''
    shape.removeAttribute('aria-label')
    if (shape.tagName !== 'rect') continue
    shape.setAttribute('data-said', said)
    shape.closest('a')?.setAttribute('aria-label', said)
  }
  return drawn
}

const link = (frame: Frame) => (bar: Bar) => bar.filter && frame.href(bar.filter)

const some = (bar: Bar) => bar.count > 0

const common = (frame: Frame) => ({
  width: frame.width,
  style: { background: 'none', fontSize: `${frame.text}px`, fontFamily: 'inherit', overflow: 'visible' },
})

/** Two series over time: the first upwards, the second downwards, so that neither hides the other. */
function columns(picture: Picture, frame: Frame) {
  const all = picture.series.flatMap((series, i) => series.bars.map((bar) => ({ ...bar, series: i })))
  const keys = (picture.series[0]?.bars ?? []).map((bar) => bar.key)
  const months = keys.filter((key, i) => i > 0 && month(key) !== month(keys[i - 1] ?? key))
  const value = (bar: Bar & { series: number }) => (bar.series === 0 ? bar.count : -bar.count)
  const anchor = frame.rtl ? 'right' : 'left'
  return Plot.plot({
    ...common(frame),
    height: frame.text * 14,
    marginLeft: frame.rtl ? frame.text : frame.text * 3.5,
    marginRight: frame.rtl ? frame.text * 3.5 : frame.text,
    marginTop: frame.text,
    marginBottom: frame.text * 2,
    x: { domain: keys, reverse: frame.rtl, padding: 0.25 },
    y: { nice: true },
    marks: [
      Plot.gridY({ stroke: 'var(--hairline)', strokeOpacity: 1, ticks: 4 }),
      Plot.axisY({
        anchor,
        ticks: 4,
        tickSize: 0,
        label: null,
        fill: 'var(--text-quiet)',
        tickFormat: (n: number) => (Number.isInteger(n) ? frame.number(Math.abs(n)) : ''),
      }),
      Plot.axisX({
        ticks: months,
        tickSize: 0,
        label: null,
        anchor: 'bottom',
        fill: 'var(--text-quiet)',
        tickFormat: (key: string) => frame.month(key),
      }),
      Plot.barY(all.filter(some), {
        x: 'key',
        y: value,
        fill: (bar: Bar & { series: number }) => tones[bar.series] ?? 'currentColor',
        href: link(frame),
        ariaLabel: 'said',
        insetTop: 0.5,
      }),
      Plot.ruleY([0], { stroke: 'var(--edge)' }),
    ],
    color: { type: 'identity' },
  })
}

const month = (at: string): number => new Date(at).getMonth()

/** One series, a bar in each row with its number at the end. */
function rows(picture: Picture, frame: Frame) {
  const bars = picture.series[0]?.bars ?? []
  const names = new Map(bars.map((bar) => [bar.key, bar.name]))
  const longest = Math.max(0, ...bars.map((bar) => bar.name.length))
  const before = Math.min(frame.width / 2, longest * frame.text * 0.58 + frame.text)
  const after = frame.text * 4
  return Plot.plot({
    ...common(frame),
    height: bars.length * frame.text * 2.2,
    marginTop: 0,
    marginBottom: 0,
    marginLeft: frame.rtl ? after : before,
    marginRight: frame.rtl ? before : after,
    x: { axis: null, domain: [0, Math.max(1, ...bars.map((bar) => bar.count))], reverse: frame.rtl },
    y: { domain: bars.map((bar) => bar.key), padding: 0.3 },
    marks: [
      Plot.axisY({
        anchor: frame.rtl ? 'right' : 'left',
        tickSize: 0,
        label: null,
        fill: 'var(--text-quiet)',
        tickFormat: (key: string) => names.get(key) ?? key,
      }),
      Plot.barX(bars.filter(some), {
        x: 'count',
        y: 'key',
        fill: tones[0],
        href: link(frame),
        ariaLabel: 'said',
      }),
      Plot.text(bars, {
        x: 'count',
        y: 'key',
        text: (bar: Bar) => frame.number(bar.count),
        textAnchor: frame.rtl ? 'end' : 'start',
        dx: frame.rtl ? -frame.text / 2 : frame.text / 2,
        fill: 'currentColor',
      }),
    ],
  })
}
