// Lists that somebody keeps elsewhere: people with their accounts, and what is written about phones.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const bring = (page, name, buffer) =>
  page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer })

test('people come from a German list, once every line is right', async () => {
  const page = await open(browser, demo, '#/people')
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  // Windows-1252 with semicolons, as an old Excel writes it; nothing is called "account".
  await bring(
    page,
    'leute.csv',
    Buffer.from('Wer;Name\nkein Konto;J\xfcrgen\nzoe@example.org;Zo\xeb M\xfcller\n', 'latin1'),
  )
  await page.getByText('Which column is “Work account”?').waitFor()
  page.noise = page.noise.filter((line) => !line.includes('422'))
  await page.getByLabel('Work account').selectOption('Wer')
  await page.getByText('One of 2 lines is not right yet.').waitFor()
  await page.getByRole('row', { name: /^2 Managed Apple Account No Managed/ }).waitFor()
  const take = page.getByRole('button', { name: /^Import/ }).last()
  assert.ok(await take.isDisabled(), 'nothing is imported while a line is wrong')
  await fits(page, 'import')
  await sound(page, 'import')
  await picture(page, 'import-people')

  await bring(page, 'leute.csv', Buffer.from('E-Mail;Name\nzoe@example.org;Zo\xeb M\xfcller\n', 'latin1'))
  await page.getByText('One person is new.').waitFor()
  await page.getByRole('button', { name: 'Import one line' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'One enrollment code' }).waitFor()
  await page.getByText('Zoë Müller').first().waitFor()
  const file = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as CSV' }).click()
  assert.match(await readFile(await (await file).path(), 'utf8'), /"Zoë Müller","zoe@example\.org","\S+"/)
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('searchbox').fill('zoe')
  await page.getByRole('row', { name: /zoe@example\.org/ }).waitFor()
  const gone = await fetch(`${demo.screens}/api/people/zoe@example.org`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${demo.token}` },
  })
  assert.equal(gone.status, 200)
  await close(page)
})

test('what a list says about phones is written beside them', async () => {
  const page = await open(browser, demo, '#/phones')
  const rows = page.locator('[role=rowgroup] [role=row]')
  await rows.nth(3).waitFor()
  await page.getByRole('button', { name: 'More about this list' }).click()
  await page.getByRole('menuitem', { name: /^Import names/ }).click()
  const { enrollments } = await (
    await fetch(`${demo.screens}/api/enrollments?limit=1&sort=person`, {
      headers: { Authorization: `Bearer ${demo.token}` },
    })
  ).json()
  await bring(page, 'phones.csv', Buffer.from(`ID,Tags\n${enrollments[0].id},"borrowed, blue"\nnobody,x\n`))
  await page.getByText('One of 2 lines is not right yet.').waitFor()
  await page.getByText('No phone goes by this name.').waitFor()
  await bring(page, 'phones.csv', Buffer.from(`ID,Tags\n${enrollments[0].id},"borrowed, blue"\n`))
  await page.getByText('One phone would change.').waitFor()
  await picture(page, 'import-phones')
  await page.getByRole('button', { name: 'Import one line' }).click()
  await page.getByText('One phone written about.').waitFor()
  await page.getByRole('searchbox').fill('borrowed')
  await page.waitForFunction(() => document.querySelectorAll('[role=rowgroup] [role=row]').length === 1)
  await close(page)
})
