// The pages that an employee meets in the web sheet: gone through like a person would, without scripts, and each of
// them drawn at the width of a small iPhone, a usual one and an iPad, in light and dark, from the left and from the right.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { demo, fits, launch, picture, sound } from './browser.mjs'

const sizes = [
  [320, 568],
  [393, 852],
  [820, 1180],
]

let browser
let folder
before(async () => {
  browser = await launch()
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-portal-'))
})
after(async () => {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
})

/** ask calls the administrator's door. */
async function ask(path, method = 'GET', body) {
  const answer = await fetch(`${demo.screens}/api${path}`, {
    method,
    headers: { Authorization: `Bearer ${demo.token}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  const said = await answer.json()
  assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(said)}`)
  return said
}

/** knock asks to enroll as an iPhone does, and gets the address of the web sheet. A stand-in signs for Apple's authority. */
function knock(language) {
  const file = (name) => join(folder, name)
  writeFileSync(
    file('info.plist'),
    `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>LANGUAGE</key><string>${language}</string>
<key>PRODUCT</key><string>iPhone17,2</string>
<key>VERSION</key><string>23B85</string>
<key>OS_VERSION</key><string>26.1</string>
</dict></plist>`,
  )
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=story'],
    ...['-keyout', file('key'), '-out', file('crt')],
  )
  openssl(
    ...['smime', '-sign', '-binary', '-nodetach', '-outform', 'der'],
    ...['-signer', file('crt'), '-inkey', file('key'), '-in', file('info.plist'), '-out', file('p7')],
  )
  return new Promise((resolve, reject) => {
    const knocking = request(
      `${demo.phones}/enroll`,
      {
        method: 'POST',
        rejectUnauthorized: false,
        headers: { 'Content-Type': 'application/pkcs7-signature' },
      },
      (answer) => {
        answer.resume()
        const challenge = answer.headers['www-authenticate'] ?? ''
        const url = /url="([^"]+)"/.exec(challenge)?.[1]
        if (answer.statusCode !== 401 || !url) reject(new Error(`${answer.statusCode} ${challenge}`))
        else resolve(demo.phones + new URL(url).pathname + new URL(url).search)
      },
    )
    knocking.on('error', reject)
    knocking.end(readFileSync(file('p7')))
  })
}

/** phone is a browser as the sheet has it. axe needs scripts and may go around the policy; a person's sheet does not. */
async function phone({ width = 393, height = 852, dark = false, scripts = true, lang = 'en' } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale: lang,
    ignoreHTTPSErrors: true,
    bypassCSP: scripts,
    javaScriptEnabled: scripts,
    isMobile: true,
    hasTouch: true,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  return page
}

const button = (page) => page.locator('main form button').first()

test('a person goes from the sign-in to the hand-off, without scripts', async () => {
  const who = `story-${Date.now()}@example.org`
  await ask('/people', 'POST', { identifier: who, name: 'Lea Story', password: 'a long password' })
  const page = await phone({ scripts: false })
  const first = `${await knock('de')}?user-identifier=${encodeURIComponent(who)}`
  await page.goto(first)
  assert.equal(await page.locator('html').getAttribute('lang'), 'de')

  // Another language, and back: nothing is lost.
  await page.locator('summary').click()
  await page.locator('nav a[lang=fr]').click()
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr')
  assert.equal(await page.locator('input[name=identifier]').inputValue(), who)

  await page.locator('input[type=password]').fill('wrong')
  await button(page).click()
  await page.locator('[role=alert]').waitFor()
  await page.locator('input[type=password]').fill('a long password')
  await button(page).click()

  await page.locator('.never li').first().waitFor()
  assert.notEqual(new URL(page.url()).pathname.split('/')[2], new URL(first).pathname.split('/')[2])
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr')
  await button(page).click()
  await page.locator('input[name=device_name]').fill('x')
  await button(page).click()
  await page.locator('[role=alert]').waitFor()
  assert.equal(await page.locator('input[name=device_name]').inputValue(), 'x')
  await page.locator('input[name=device_name]').fill("Lea's phone")
  await button(page).click()
  await page.locator('.steps li').first().waitFor()

  // The way back shows the answer; a reload sends nothing twice.
  await page.locator('.back').click()
  assert.equal(await page.locator('input[name=device_name]').inputValue(), "Lea's phone")
  await page.reload()
  await button(page).click()
  await page.locator('.steps li').first().waitFor()
  // What the button sends; a browser that is no phone can do nothing with the answer.
  const handed = await page.request.post(page.url(), { form: {}, maxRedirects: 0 })
  assert.equal(handed.status(), 308)
  assert.match(handed.headers().location, /^apple-remotemanagement-user-login:\/\/authentication-results\?/)
  await page.context().close()

  // Whoever else knew the first address gets nothing.
  const stranger = await phone({ scripts: false })
  await stranger.goto(first)
  assert.equal(await stranger.locator('input[type=password]').count(), 0)
  await stranger.context().close()
})

// Pages whose looks differ; the others are built from the same parts.
const shown = ['start', 'signin', 'privacy', 'terms', 'group', 'device', 'same', 'done_separate', 'error']
for (const [language, dark] of [
  ['en', false],
  ['de', true],
  ['ar', false],
  ['ja', true],
  ['qps-ploc', false],
]) {
  test(`every page in ${language}, ${dark ? 'dark' : 'light'}`, async () => {
    const page = await phone({ dark, lang: language === 'qps-ploc' ? 'en' : language })
    for (const name of shown) {
      const { url } = await ask('/texts/preview-links', 'POST', { page: name, language })
      await page.goto(demo.phones + new URL(url).pathname)
      for (const [width, height] of sizes) {
        const what = `portal-${name}-${language}-${dark ? 'dark' : 'light'}-${width}`
        await page.setViewportSize({ width, height })
        await picture(page, what)
        await fits(page, what)
      }
      await sound(page, `portal ${name} ${language}`)
    }
    await page.context().close()
  })
}

test('a page can be read at twice the size', async () => {
  const page = await phone({ width: 320, height: 568 })
  for (const name of ['signin', 'privacy', 'terms']) {
    const { url } = await ask('/texts/preview-links', 'POST', { page: name, language: 'de', large: true })
    await page.goto(demo.phones + new URL(url).pathname)
    await page.evaluate(() => (document.documentElement.style.fontSize = '34px'))
    await fits(page, `portal ${name} at twice the size`)
    await picture(page, `portal-${name}-large`)
  }
  await page.context().close()
})
