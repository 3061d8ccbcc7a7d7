import * as backend from '~/backend'
import type { ChartBar, Charts } from '~/backend/types'
import { Load } from '~/ui/load.svelte'
import { date, number } from '~/words/format'
import { t, tongue } from '~/words/language.svelte'

/** One number of a picture: what it is called below the picture and in full, and the phones behind it. */
export interface Bar {
  key: string
  name: string
  said: string
  count: number
  /** nothing, where no filter finds them all. */
  filter?: string[]
}

/** A picture: bars for each series, in the order in which they are read. All series have the same keys. */
export interface Picture {
  id: 'weeks' | 'versions' | 'seen'
  title: string
  /** what the rows are, as the table beside it calls them. */
  of: string
  series: { name: string; bars: Bar[] }[]
}

/** as many versions as have a bar of their own. */
const most = 8

/** What is easier to look at than to read. */
export class Pictures {
  load: Load<Charts>
  all = $derived.by(() => (this.load.data ? pictures(this.load.data) : []))

  constructor(ask = backend.charts) {
    this.load = new Load((signal) => ask(Intl.DateTimeFormat().resolvedOptions().timeZone, signal))
  }
}

/** pictures are those that show something. */
export function pictures(charts: Charts): Picture[] {
  return [weeks(charts), versions(charts), seen(charts)].filter((picture) =>
    picture.series.some((series) => series.bars.some((bar) => bar.count > 0)),
  )
}

function weeks(charts: Charts): Picture {
  const series = (name: string, said: 'charts.enrolled' | 'charts.left', of: 'enrolled' | 'left') => ({
    name,
    bars: charts.weeks.map((week) => {
      const day = date(tongue(), week.from, Date.now())
      return bar(week.from, day, t(said, { count: week[of].count, day }), week[of])
    }),
  })
  return {
    id: 'weeks',
    title: t('charts.weeks'),
    of: t('charts.week'),
    series: [
      series(t('charts.enrolled.name'), 'charts.enrolled', 'enrolled'),
      series(t('charts.left.name'), 'charts.left', 'left'),
    ],
  }
}

function versions(charts: Charts): Picture {
  const byCount = [...charts.versions].sort((a, b) => b.count - a.count)
  // A ninth version has its own bar rather than be called "others" alone.
  const shown = new Set(byCount.length > most + 1 ? byCount.slice(0, most) : byCount)
  const bars = charts.versions
    .filter((one) => shown.has(one))
    .map((one) =>
      bar(one.version, one.version, t('charts.version', { version: one.version, count: one.count }), one),
    )
  const count = charts.versions.reduce((sum, one) => sum + (shown.has(one) ? 0 : one.count), 0)
  if (count > 0) {
    bars.push({ key: 'others', name: t('charts.others'), said: t('charts.others.said', { count }), count })
  }
  return {
    id: 'versions',
    title: t('charts.versions'),
    of: t('column.os_version'),
    series: [{ name: t('charts.phones'), bars }],
  }
}

function seen(charts: Charts): Picture {
  return {
    id: 'seen',
    title: t('charts.seen'),
    of: t('column.last_seen_at'),
    series: [
      {
        name: t('charts.phones'),
        bars: charts.seen.map((one) => {
          const name = span(one.from, one.until)
          return bar(String(one.from), name, `${name}: ${t('charts.count', { count: one.count })}`, one)
        }),
      },
    ],
  }
}

function span(from: number, until: number | undefined): string {
  if (until === undefined) return t('charts.longer', { from: number(tongue(), from) })
  if (from === 0) return t('charts.day')
  return t('charts.days', { from: number(tongue(), from), until: number(tongue(), until) })
}

function bar(key: string, name: string, said: string, { count, filter }: ChartBar): Bar {
  return { key, name, said, count, filter }
}
