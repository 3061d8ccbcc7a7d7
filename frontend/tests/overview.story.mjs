// What needs somebody, each with its next step, and pictures that are numbers for whoever would rather read.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

test('a notice leads to where something can be done', async () => {
  const page = await open(browser, demo, '#/overview')
  const notices = page.getByRole('region', { name: 'Worth a look' })
  await notices.getByText('22 languages of the portal were not read by a native speaker.').waitFor()
  await notices.getByRole('button', { name: 'Open languages' }).click()
  await page.waitForURL(/#\/portal\/languages/)
  await close(page)
})

test('a chart is walked by keyboard, says its numbers, and leads to its phones', async () => {
  const page = await open(browser, demo, '#/overview')
  const chart = page.getByRole('figure', { name: 'System versions' })
  const bars = chart.getByRole('link')
  await bars.first().waitFor()
  assert.equal(await chart.locator('a[tabindex="0"]').count(), 1, 'one stop for the tab key')
  await bars.first().focus()
  await page.keyboard.press('ArrowDown')
  const said = await bars.nth(1).getAttribute('aria-label')
  assert.match(said, /^\d+\.\d+: /)
  await chart.locator('.said', { hasText: said }).waitFor()
  const count = Number(/(\d+) phones$/.exec(said)?.[1] ?? 1)
  await page.keyboard.press('Enter')
  await page.waitForURL(/#\/phones\?filter=os_version/)
  await page.getByText(new RegExp(`^${count} of \\d+ phones?$`)).waitFor()
  await close(page)
})

test('each chart is a table, too, and stays one', async () => {
  const page = await open(browser, demo, '#/overview')
  const chart = page.getByRole('figure', { name: 'Last contact' })
  await chart.getByRole('link').first().waitFor()
  assert.equal(
    await chart.getByRole('table', { name: 'Last contact' }).count(),
    1,
    'a table for screen readers',
  )
  await fits(page, 'overview')
  await sound(page, 'overview with charts')
  await page.evaluate(() => document.querySelector('figure').scrollIntoView())
  await picture(page, 'overview-charts')
  await chart.getByRole('button', { name: 'Show as table' }).click()
  await chart.getByRole('rowheader', { name: 'Within a day' }).waitFor()
  await page.reload()
  await chart.getByRole('rowheader', { name: 'Within a day' }).waitFor()
  assert.equal(await chart.locator('svg').count(), 0)
  await sound(page, 'overview with a table')
  await close(page)
})

test('charts are drawn in the dark, in German, and from right to left', async () => {
  for (const [name, look] of [
    ['dark-de', { dark: true, lang: 'de-DE' }],
    ['rtl', { rtl: true }],
    ['narrow', { width: 900, height: 600 }],
  ]) {
    const page = await open(browser, demo, '#/overview', look)
    if (look.rtl) await page.evaluate(() => (document.documentElement.dir = 'rtl'))
    await page.locator('figure a').first().waitFor()
    await page.locator('figure').first().scrollIntoViewIfNeeded()
    await page.evaluate(() => document.querySelector('figure').scrollIntoView())
    await fits(page, name)
    await picture(page, `overview-charts-${name}`)
    await close(page)
  }
})
