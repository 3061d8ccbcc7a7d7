// Somebody reads out the reference that their phone shows.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

async function anyAttempt() {
  const answer = await fetch(`${demo.screens}/api/attempts`, {
    headers: { Authorization: `Bearer ${demo.token}` },
  })
  const { attempts } = await answer.json()
  return attempts.find((one) => one.stuck) ?? attempts[0]
}

test('a reference opens the attempt: how far it came, why not further, what helps', async () => {
  const attempt = await anyAttempt()
  const page = await open(browser, demo, '#/overview')
  await page.getByText('Enrolling today').waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type(attempt.reference.toLowerCase().replace('-', ' '))
  await page.getByRole('option', { name: attempt.reference }).waitFor()
  await page.keyboard.press('Enter')
  const inspector = page.getByRole('complementary', { name: 'About this attempt' })
  await inspector.getByText('A phone asked to enroll').waitFor()
  await inspector.getByText(attempt.reference, { exact: true }).waitFor()
  assert.equal(await inspector.locator('[aria-label="How far"] li').count(), 5)
  await picture(page, 'attempt-found')
  await sound(page, 'an attempt')
  await page.keyboard.press('Escape')
  await inspector.waitFor({ state: 'hidden' })
  await close(page)
})

test('a reference that nobody has is explained', async () => {
  const page = await open(browser, demo, '#/overview/ZZ-999')
  await page.getByText('No attempt with this reference').waitFor()
  await sound(page, 'no attempt')
  page.noise = page.noise.filter((line) => !line.includes('404'))
  await close(page)
})
