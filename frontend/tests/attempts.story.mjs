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
  const page = await open(browser, demo, '#/waiting/ZZ-999')
  await page.getByText('No attempt with this reference').waitFor()
  await sound(page, 'no attempt')
  page.noise = page.noise.filter((line) => !line.includes('404'))
  await close(page)
})

test('whoever does not get on is listed by step, with the reason, and opened by keyboard', async () => {
  const page = await open(browser, demo, '#/waiting')
  const rows = page.locator('[role=rowgroup] [role=row]')
  const attempt = await anyAttempt()
  await page.getByRole('checkbox', { name: 'Also older than a day' }).check()

  // A step of the funnel narrows the list to those who stand there.
  const done = page
    .getByRole('region', { name: /24 hours/ })
    .getByRole('button')
    .last()
  await done.click()
  await rows.nth(5).waitFor()
  const steps = await rows.locator('[role=gridcell]:nth-child(2)').allInnerTexts()
  assert.equal(new Set(steps.map((text) => text.trim())).size, 1)
  await picture(page, 'waiting-done')
  await sound(page, 'waiting')

  await page.keyboard.press('/')
  await page.keyboard.type(attempt.reference)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  if (attempt.step === 'done') {
    await page.keyboard.press('Enter')
    const inspector = page.getByRole('complementary', { name: 'About this attempt' })
    await inspector.getByText(attempt.reference, { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await inspector.waitFor({ state: 'hidden' })
  }

  await page.getByRole('searchbox').fill('zzzz')
  await page.getByText('Nobody stands here').waitFor()
  await page.getByRole('button', { name: 'Show all' }).click()
  await close(page)
})
