// The whole day without a mouse.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, launch, open, picture } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const focused = (page) =>
  page.evaluate(
    () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim(),
  )

test('everything is reached by keyboard', async () => {
  const page = await open(browser, demo, '#/overview')
  const keys = async (...list) => {
    for (const key of list) await page.keyboard.press(key)
  }
  await page.getByText('Enrolling today').waitFor()

  await keys('Tab')
  assert.equal(await focused(page), 'Skip to the content')
  await keys('Enter')
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main')

  await keys('2')
  await page.getByRole('grid').waitFor()
  await page.locator('[role=rowgroup] [role=row]').first().waitFor()
  await keys('/')
  assert.equal(await focused(page), 'Search phones')
  await page.keyboard.type('iphone')
  // The rows of before are there until the answer comes; one of them that is no iPhone would vanish under the selection.
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('[role=rowgroup] [role=row]')]
    return rows.length > 0 && rows.every((row) => row.textContent.includes('iPhone'))
  })
  await keys('ArrowDown', 'ArrowDown')
  assert.equal(await page.locator('[role=row][aria-selected=true]').count(), 1)
  await keys('ArrowDown', 'Enter')
  const inspector = page.getByRole('complementary', { name: 'About this phone' })
  await inspector.waitFor()
  const first = await inspector.locator('h2').innerText()
  await keys('ArrowDown')
  await page.waitForFunction((name) => document.querySelector('aside h2')?.textContent !== name, first)
  await keys(' ')
  await inspector.waitFor({ state: 'hidden' })
  await keys('Enter')
  await inspector.waitFor()
  await keys('w')
  await page.getByText(/Asked Apple to wake/).waitFor()
  await inspector.getByRole('tab', { name: 'Facts' }).focus()
  await keys('ArrowRight', 'ArrowRight') // past what was written about it
  await inspector.getByText('A phone asked to enroll').waitFor()
  await keys('Escape')
  await inspector.waitFor({ state: 'hidden' })
  assert.equal(await focused(page), 'Phones')

  await keys('Control+k')
  await page.keyboard.type('peop')
  await page.getByRole('option', { name: 'People' }).waitFor()
  await keys('Enter')
  await page.getByRole('heading', { name: 'People' }).waitFor()
  await page.locator('[role=rowgroup] [role=row]').first().waitFor()
  await keys('n')
  await page.getByRole('dialog', { name: 'Add a person' }).waitFor()
  await keys('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await keys('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await picture(page, 'shortcuts')
  await keys('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await keys('6')
  await page.getByLabel('Name of the organization').waitFor()
  await close(page)
})

test('the palette finds a phone and a person', async () => {
  const page = await open(browser, demo, '#/overview')
  await page.getByText('Enrolling today').waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('müller')
  await page
    .getByRole('option', { name: /Müller/ })
    .first()
    .waitFor()
  await picture(page, 'palette-found')
  await page.keyboard.press('Enter')
  await page.getByRole('complementary').waitFor()
  await close(page)
})
