// The record of what happened: who did what, whether it is as it was written, and a file of it.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

test('the record is narrowed, read, verified and saved', async () => {
  const page = await open(browser, demo, '#/overview')
  await page.getByRole('link', { name: 'What happened' }).click()
  const rows = page.locator('[role=rowgroup] [role=row]')
  await rows.nth(5).waitFor()
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('Phones')
  await page.getByRole('combobox', { name: 'Who' }).selectOption('phone')
  await page.waitForFunction(
    () => !/(signed in|added)/.test(document.querySelector('[role=rowgroup]')?.textContent ?? 'added'),
  )
  await fits(page, 'audit')
  await sound(page, 'audit')
  await picture(page, 'audit')

  await rows.nth(1).click()
  await page.getByRole('complementary').getByText('enrollment.').first().waitFor()
  await page.getByRole('complementary').getByRole('link').first().waitFor()
  await picture(page, 'audit-event')
  await page.keyboard.press('Escape')

  await page.keyboard.press('/')
  await page.keyboard.type('nobody of this name')
  await page.getByText('Nothing of this kind happened').waitFor()
  await page.getByRole('button', { name: 'Show everything' }).click()
  await rows.nth(5).waitFor()

  const file = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).press('Enter')
  await page.getByRole('menuitem', { name: 'This list as CSV' }).press('Enter')
  const text = await readFile(await (await file).path(), 'utf8')
  assert.ok(text.includes('enrollment.enrolled') && text.includes('Number,When,What,Who'), text.slice(0, 300))
  await page
    .getByText(/^The record of .* was exported/)
    .first()
    .waitFor()

  await page.getByRole('button', { name: 'Verify' }).press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: 'Verify' }).press('Enter')
  await page.getByText(/^All .* sealed events are as they were written/).waitFor()
  const head = await page.getByRole('dialog').locator('code').textContent()
  await page.getByLabel('An end that you wrote down before').fill(head)
  await page.keyboard.press('Enter')
  await page.getByText('The end that you wrote down is part of it').waitFor()
  await sound(page, 'verify')
  await picture(page, 'audit-verified')
  await page.getByLabel('An end that you wrote down before').fill('0'.repeat(64))
  await page.keyboard.press('Enter')
  await page.getByText('is not part of this record').waitFor()
  await close(page)
})

test('the record reads in German and in the dark, in a narrow window', async () => {
  const page = await open(browser, demo, '#/audit', { dark: true, lang: 'de-DE', width: 900, height: 600 })
  await page.locator('[role=rowgroup] [role=row]').nth(5).waitFor()
  await fits(page, 'audit in German')
  await picture(page, 'audit-de-dark')
  await close(page)
})
