// npm run bench:scroll: frames while the list of 100,000 phones is scrolled, in Chromium. It prints what it measured, and
// fails when a frame took longer than 50 ms. It wants a computer that does nothing else.
//
//   GATEHOUSED=path   a server that is built already; PHONES=n another number of phones
import assert from 'node:assert/strict'
import { launch, open } from './browser.mjs'
import { demo } from './server.mjs'

const phones = Number(process.env.PHONES ?? 100_000)
const server = await demo(phones)
const browser = await launch()
try {
  const page = await open(browser, server, '#/phones')
  await page.locator('[role=rowgroup] [role=row]').nth(5).waitFor({ timeout: 60_000 })
  await page.waitForTimeout(2_000)
  const measured = await page.evaluate(async () => {
    const scroller = document.querySelector('[role=rowgroup]').closest('[role=grid], [role=table]')
    let pane = scroller
    while (pane.scrollHeight <= pane.clientHeight + 10) pane = pane.parentElement
    const frames = []
    let before = performance.now()
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    // A wheel that goes on and on, then jumps with the bar to all places of the list.
    for (let i = 0; i < 400; i++) {
      pane.scrollTop = i < 300 ? pane.scrollTop + 120 : (pane.scrollHeight * ((i * 37) % 100)) / 100
      await frame()
      const now = performance.now()
      frames.push(now - before)
      before = now
    }
    const sorted = frames.slice(5).sort((a, b) => a - b)
    return {
      rows: Number(scroller.getAttribute('aria-rowcount')),
      frames: sorted.length,
      median: sorted[sorted.length >> 1],
      p99: sorted[Math.floor(sorted.length * 0.99)],
      longest: sorted.at(-1),
    }
  })
  process.stdout.write(`${JSON.stringify(measured)}\n`)
  assert.ok(measured.rows >= phones * 0.9, `the list has ${measured.rows} rows`)
  assert.ok(measured.longest < 50, `a frame took ${measured.longest.toFixed(0)} ms`)
} finally {
  await browser.close()
  await server.stop()
}
