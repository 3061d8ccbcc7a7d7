// Records that are probably one phone: two people of the demo erased theirs and enrolled it again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

test('two records are joined by keyboard, and others kept apart', async () => {
  const page = await open(browser, demo, '#/phones')
  await page.getByRole('button', { name: 'More about this list' }).click()
  await page.getByRole('menuitem', { name: 'Same phone?' }).click()
  const pairs = page.getByRole('list', { name: 'Same phone?' }).locator('> li')
  await pairs.nth(1).waitFor({ timeout: 60_000 }) // until the whole town has enrolled
  assert.equal(await pairs.count(), 2)
  await pairs.nth(0).getByText('80% sure').waitFor()
  await pairs.nth(0).getByText('left just before the new one came').waitFor()
  await pairs.nth(0).getByText('Moves along: Sales').waitFor()
  await fits(page, 'duplicates')
  await sound(page, 'duplicates')
  await picture(page, 'duplicates')
  const record = await pairs.nth(0).getByRole('link').first().getAttribute('href')

  await pairs.nth(0).getByRole('button', { name: 'Same phone' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('The two records are one phone now.').waitFor()
  await pairs.nth(1).waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.activeElement?.textContent?.includes('Same phone'))
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await page.getByText('The two are kept apart for good.').waitFor()
  await page.getByText('No phone seems to be listed twice').waitFor()

  await page.goto(`${demo.screens}/${record}`)
  await page.reload() // the notices of before would be taken for those to come
  await page.getByRole('heading', { name: 'Formerly' }).waitFor()
  await page.getByText('It is the same phone.').waitFor()
  await picture(page, 'phone-former')
  await page.getByRole('button', { name: 'Not the same' }).press('Enter')
  await page.getByText('The two are kept apart for good.').waitFor()
  await page.getByRole('heading', { name: 'Formerly' }).waitFor({ state: 'detached' })
  await close(page)
})
