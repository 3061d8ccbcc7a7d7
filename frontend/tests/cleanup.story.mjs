// Records of phones that are gone: what a rule would put away, and the way back.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

test('a rule is looked at and moved by keyboard, and what is shown is told', async () => {
  const page = await open(browser, demo, '#/cleanup')
  await page.getByText('Nothing to clear').waitFor()
  const silent = page.getByRole('slider', { name: 'Silent, woken in vain' })
  await silent.focus()
  assert.equal(await silent.getAttribute('aria-valuetext'), 'after 90 days')
  await page.keyboard.press('ArrowLeft')
  assert.equal(await silent.getAttribute('aria-valuetext'), 'after 60 days')
  await page.reload()
  assert.equal(await silent.getAttribute('aria-valuetext'), 'after 60 days')
  await page.getByRole('button', { name: /Kept for good/ }).click()
  await page.getByText('Nothing is kept').waitFor()
  await fits(page, 'clean-up')
  await sound(page, 'clean-up')
  await picture(page, 'cleanup')
  await close(page)
})

test('phones are archived from the list, and come back', async () => {
  const page = await open(browser, demo, '#/phones')
  const rows = page.locator('[role=rowgroup] [role=row]')
  await rows.nth(5).waitFor()
  await rows.nth(0).locator('.mark').click()
  await rows.nth(1).locator('.mark').click()
  await page.getByRole('button', { name: 'Archive 2 phones' }).click()
  await page.getByText('2 phones archived.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).first().click()
  await page.getByText('It is as it was before.').waitFor()
  await close(page)
})
