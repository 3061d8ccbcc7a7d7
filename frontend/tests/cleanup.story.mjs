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

test('clean-up runs by itself only after somebody has seen and accepted what it would do', async () => {
  const page = await open(browser, demo, '#/cleanup')
  const bar = page.getByRole('region', { name: 'Automatic clean-up' })
  await bar.getByText('Automatic clean-up is off.').waitFor()
  await bar.getByRole('button', { name: 'See what it would do' }).click()
  const report = page.getByRole('dialog')
  await report.getByText(/It would put away/).waitFor()
  await report.getByLabel('At most at once').selectOption('10')
  await report.getByLabel('How often').selectOption('week')
  await sound(page, 'report of clean-up')
  await fits(page, 'report of clean-up')
  await picture(page, 'cleanup-report')
  await page.keyboard.press('Escape')
  await bar.getByText('Automatic clean-up is off.').waitFor()

  await bar.getByRole('button', { name: 'See what it would do' }).click()
  await report.getByRole('button', { name: 'Accept and turn on' }).click()
  await bar.getByText(/runs every (day|week), next on/).waitFor()
  const silent = page.getByRole('slider', { name: 'Silent, woken in vain' })
  await silent.focus()
  await page.keyboard.press('ArrowRight')
  await bar.getByText('It uses other days than those above.').waitFor()
  await picture(page, 'cleanup-automatic')
  await sound(page, 'automatic clean-up')
  await bar.getByRole('button', { name: 'Turn off' }).click()
  await bar.getByText('Automatic clean-up is off.').waitFor()
  await close(page)
})
