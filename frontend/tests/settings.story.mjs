import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

test('a field is saved when it is left, and the notice takes it back', async () => {
  const page = await open(browser, demo, '#/settings/organization')
  const short = page.getByLabel(/^Short name/)
  await short.fill('Example')
  await short.press('Tab')
  await page.getByText('Saved.').waitFor()
  await page.reload()
  await page.waitForFunction(() =>
    [...document.querySelectorAll('input')].some((input) => input.value === 'Example'),
  )
  await short.fill('Ex')
  await short.press('Tab')
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('It is as it was before.').waitFor()
  assert.equal(await short.inputValue(), 'Example')

  await page.getByLabel('Web page').fill('not a page')
  await page.keyboard.press('Tab')
  await page.getByText('A web address begins with https://.').waitFor()
  await sound(page, 'a problem at a field')
  page.noise = page.noise.filter((line) => !line.includes('422'))
  await close(page)
})

test('enrolled phones are not cut off by accident', async () => {
  const page = await open(browser, demo, '#/settings/addresses')
  await page.getByLabel('Address', { exact: true }).fill('https://other.example.org')
  await page.getByRole('button', { name: 'Save addresses' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/This would cut off \d+ phones/).waitFor()
  await picture(page, 'stranding')
  await sound(page, 'the guard')
  await dialog.getByRole('button', { name: 'Keep the address' }).click()
  await page.waitForFunction(() =>
    [...document.querySelectorAll('input')].some((input) => input.value === 'https://mdm.example.org'),
  )
  page.noise = page.noise.filter((line) => !line.includes('409'))
  await close(page)
})

test('the language changes at once and is remembered', async () => {
  const page = await open(browser, demo, '#/settings/appearance')
  await page.getByLabel('Language', { exact: true }).selectOption('Deutsch')
  await page.getByRole('link', { name: 'Einstellungen' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de')
  await page.reload()
  await page.getByRole('link', { name: 'Einstellungen' }).waitFor()
  await close(page)
})

test('the certificate of the private authority can be saved', async () => {
  const page = await open(browser, demo, '#/settings/certificates')
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save its certificate…' }).click()
  const file = await download
  assert.match(file.suggestedFilename(), /\.(pem|cer|crt)$/)
  await close(page)
})

test('a file that is no push certificate is recognised at once', async () => {
  const page = await open(browser, demo, '#/settings/certificates')
  await page.getByRole('button', { name: 'Renew…' }).click()
  const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })
  const pick = page.getByRole('dialog').locator('input[type=file]').first()
  await pick.setInputFiles(file('request.pem', '-----BEGIN CERTIFICATE REQUEST-----\n'))
  await page.getByText(/This is the request/).waitFor()
  await pick.setInputFiles(file('push.pem', '-----BEGIN CERTIFICATE-----\n'))
  await page.getByText('A certificate. Its key is in another file.').waitFor()
  await sound(page, 'the import')
  await close(page)
})

test('who may enroll: some people, a group, two phones each', async () => {
  const page = await open(browser, demo, '#/settings/enrollment')
  await page.getByLabel('Only some').check()
  await page.getByLabel('People', { exact: true }).fill('Anna@Example.org, ben@example.org')
  await page.getByLabel('People', { exact: true }).press('Enter')
  await page.getByRole('button', { name: 'Remove ben@example.org' }).waitFor()

  await page.getByRole('button', { name: 'Add a group' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill('Warehouse')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('The group needs a group of the directory, or people.').waitFor()
  await dialog.getByLabel('People', { exact: true }).fill('chris@example.org')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('one person by name').waitFor()

  await page.getByLabel('Phones per person').fill('2')
  await page.keyboard.press('Tab')
  await page.getByLabel('Oldest system version').fill('eighteen')
  await page.keyboard.press('Tab')
  await page.getByText('This is not a version like 18.2.').waitFor()
  await page.getByLabel('Oldest system version').fill('18.2')
  await page.keyboard.press('Tab')
  await page.getByText('This is not a version like 18.2.').waitFor({ state: 'hidden' })
  await picture(page, 'who-may-enroll')
  await sound(page, 'who may enroll')
  await page.reload()
  await page.getByRole('button', { name: 'Remove anna@example.org' }).waitFor()
  assert.equal(await page.getByLabel('Phones per person').inputValue(), '2')

  await page.getByRole('button', { name: 'Remove Warehouse' }).click()
  await page.getByText('There is no group yet.').waitFor()
  await page.getByLabel('Everybody who can sign in').check()
  await page.getByLabel('Phones per person').fill('')
  await page.keyboard.press('Tab')
  await page.getByLabel('Oldest system version').fill('')
  await page.keyboard.press('Tab')
  page.noise = page.noise.filter((line) => !line.includes('422'))
  await close(page)
})

test('what phones are asked for is switched off one by one', async () => {
  const page = await open(browser, demo, '#/settings/privacy')
  await page.getByLabel('Battery level').uncheck()
  await page.getByText('Saved.').waitFor()
  await page.reload()
  await page.getByLabel('Battery level').waitFor()
  assert.equal(await page.getByLabel('Battery level').isChecked(), false)
  await page.getByLabel('Battery level').check()
  await sound(page, 'privacy')
  await close(page)
})

test('phones are asked anew as often as somebody wants, and left alone in quiet hours', async () => {
  const page = await open(browser, demo, '#/settings/privacy')
  const every = page.getByLabel('How often', { exact: true })
  await every.selectOption('Every day')
  await page.getByText('Saved.').waitFor()
  const kept = page.waitForResponse((answer) => answer.request().method() === 'PUT')
  await page.getByLabel('From', { exact: true }).fill('18:30')
  await page.getByLabel('From', { exact: true }).press('Tab')
  await kept
  await fits(page, 'the inventory')
  await sound(page, 'the inventory')
  await picture(page, 'settings-inventory')
  await page.reload()
  await every.waitFor()
  assert.equal(await every.inputValue(), 'day')
  assert.equal(await page.getByLabel('From', { exact: true }).inputValue(), '18:30')
  await page.getByLabel('Quiet hours').click()
  await page.getByLabel('From', { exact: true }).waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByLabel('From', { exact: true }).waitFor()
  assert.equal(await page.getByLabel('From', { exact: true }).inputValue(), '18:30')
  await close(page)
})

test('the list of phones is written to a folder, and a folder that cannot be is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-lists-'))
  const page = await open(browser, demo, '#/settings/lists')
  await page.getByLabel('Folder', { exact: true }).fill(join(folder, 'gone'))
  await page.getByLabel('How often').selectOption('Every week')
  await page.getByRole('button', { name: 'Write it now' }).click()
  await page.getByText('There is no such folder on the computer of the server.').waitFor()
  page.noise = page.noise.filter((line) => !line.includes('422'))
  await page.getByLabel('Folder', { exact: true }).fill(folder)
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Write it now' }).press('Enter')
  await page.getByText(/phones written to/).waitFor()
  assert.match(readdirSync(folder).join(), /^phones-\d{4}-\d\d-\d\d\.csv$/)
  await fits(page, 'regular export')
  await sound(page, 'regular export')
  await picture(page, 'settings-lists')
  await page.getByLabel('Folder', { exact: true }).fill('')
  await page.keyboard.press('Tab')
  await page.getByText('Saved.').first().waitFor()
  rmSync(folder, { recursive: true })
  await close(page)
})
