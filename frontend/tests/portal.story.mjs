// The page that an employee meets in the web sheet: at the width of a small iPhone, a usual one and an iPad.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { demo, fits, launch, picture, sound } from './browser.mjs'

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
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=story',
    '-keyout',
    file('key'),
    '-out',
    file('crt'),
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

for (const [language, dark] of [
  ['en', false],
  ['en', true],
  ['de', false],
  ['de', true],
]) {
  test(`the sign-in page in ${language}, ${dark ? 'dark' : 'light'}`, async () => {
    for (const [width, height] of [
      [320, 568],
      [393, 852],
      [820, 1180],
    ]) {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? 'dark' : 'light',
        ignoreHTTPSErrors: true,
        bypassCSP: true, // axe is brought in from outside
        deviceScaleFactor: 2,
        isMobile: true,
        hasTouch: true,
      })
      const page = await context.newPage()
      const name = `${language}-${dark ? 'dark' : 'light'}-${width}`
      await page.goto(await knock(language))
      await page.locator('input[type=password]').waitFor()
      assert.equal(await page.evaluate(() => document.documentElement.lang), language)
      await picture(page, `portal-${name}`)
      await fits(page, `portal ${name}`)
      await sound(page, `portal ${name}`)

      await page
        .locator('input:not([type=hidden]):not([type=password])')
        .first()
        .fill('nobody@example.org')
        .catch(() => undefined)
      await page.locator('input[type=password]').fill('wrong')
      await page.getByRole('button').first().click()
      await page.locator('[role=alert], .error, .problem').first().waitFor()
      await picture(page, `portal-wrong-${name}`)
      await fits(page, `portal wrong ${name}`)
      await sound(page, `portal wrong ${name}`)
      await context.close()
    }
  })
}
