import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const results = fileURLToPath(new URL('../test-results/', import.meta.url))
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

export const demo = { screens: process.env.SCREENS, token: process.env.TOKEN, phones: process.env.PHONES }

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** open shows the screens of a server as one person has them: size, colours, language. A noise in the console fails. */
export async function open(
  browser,
  server,
  route = '',
  { width = 1280, height = 800, dark = false, lang = 'en-GB' } = {},
) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale: lang,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.noise = []
  page.on('pageerror', (error) => page.noise.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && page.noise.push(message.text()))
  await page.goto(`${server.screens}/?token=${server.token}${route}`)
  return page
}

/** close ends the page and says what it complained about. */
export async function close(page) {
  await page.context().close()
  assert.deepEqual(page.noise, [])
}

/** sound runs the rules of accessibility over what is to be seen. */
export async function sound(page, what) {
  await page.evaluate(axe)
  const report = await page.evaluate((only) => window.axe.run(document, { runOnly: only }), rules)
  const broken = report.violations.map(
    (one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`,
  )
  assert.deepEqual(broken, [], what)
}

/** fits says that nothing is wider than the window. */
export async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(over <= 0, `${what} scrolls sideways by ${over} px`)
}

export async function picture(page, name) {
  mkdirSync(results, { recursive: true })
  await page.screenshot({ path: `${results}${name}.png` })
}
