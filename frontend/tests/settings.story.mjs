import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, launch, open, picture, sound } from './browser.mjs'

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
