// The record of one phone: what it was before, and what is kept about its person.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const first = async (page) => {
  await page.locator('[role=rowgroup] [role=row]').nth(3).waitFor()
  await page.locator('[role=rowgroup] [role=row]').first().dblclick()
}

test('its owner gets all that is kept, as a page', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled')
  await first(page)
  await page.getByRole('tab', { name: 'Privacy' }).click()
  await page.getByRole('heading', { name: /^Never kept/ }).waitFor()
  await page.getByText('Serial number, IMEI, telephone number').waitFor()
  await page.getByText('to know whose phone it is').first().waitFor()
  await fits(page, 'privacy')
  await sound(page, 'privacy')
  await picture(page, 'phone-privacy')
  for (const [format, needle] of [
    ['Page to print', '<html lang="en'],
    ['CSV', 'Never kept'],
  ]) {
    const file = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Give to its owner' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: format }).press('Enter')
    const text = await readFile(await (await file).path(), 'utf8')
    assert.ok(text.includes(needle), text.slice(0, 400))
    assert.ok(text.includes('Where the phone is'), 'what is never kept is in the file')
  }
  await close(page)
})

test('the panel reads in German and in the dark', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled', {
    dark: true,
    lang: 'de-DE',
    width: 1000,
  })
  await first(page)
  await page.getByRole('tab', { name: 'Datenschutz' }).click()
  await page.getByText('Wo das Gerät ist').waitFor()
  await fits(page, 'privacy in German')
  await picture(page, 'phone-privacy-de-dark')
  await close(page)
})

test('a phone is joined to a record that nobody thought of, by keyboard, and parted again', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled&sort=-enrolled_at')
  await first(page)
  const inspector = page.getByRole('complementary', { name: 'About this phone' })
  await inspector.getByRole('button', { name: 'More actions' }).press('Enter')
  await page.getByRole('menuitem', { name: 'It was here before…' }).press('Enter')
  const dialog = page.getByRole('dialog', { name: /^Which record did .* have before\?$/ })
  const search = dialog.getByLabel('Person, name, model or tag')
  await search.fill('nobody at all')
  await dialog.getByText('No earlier record fits.').waitFor()
  await search.fill('iphone')
  const records = dialog.getByRole('radio')
  await records.nth(2).waitFor()
  await records.nth(2).press('Space')
  await dialog.getByText(/^This record belongs to/).waitFor()
  await sound(page, 'which record')
  await picture(page, 'phone-link')
  await dialog.getByRole('button', { name: 'Same phone, release the record' }).press('Enter')
  await page.getByText('The two records are one phone now.').waitFor()
  await dialog.waitFor({ state: 'detached' })
  await page.keyboard.press('ControlOrMeta+z')
  await page.getByText('It is as it was before.').waitFor()
  await close(page)
})
