import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

test('a person is added with a code that is shown once, and removed by name', async () => {
  const page = await open(browser, demo, '#/people')
  await page.getByRole('button', { name: 'Add a person' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Work account').fill('nora@example.org')
  await dialog.getByLabel('Name', { exact: false }).first().waitFor()
  await dialog.getByLabel(/^Name/).fill('Nora Quist')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.getByText('For Nora Quist').waitFor()
  const code = await dialog.locator('.letters bdi').innerText()
  assert.match(code, /^[A-Z0-9]{4}(-[A-Z0-9]{4})+$/)
  await picture(page, 'person-code')
  await sound(page, 'the code')
  await dialog.getByRole('button', { name: 'Done' }).click()

  await page.getByRole('searchbox').fill('nora')
  await page.getByRole('row').filter({ hasText: 'Enrollment code' }).click()
  const inspector = page.getByRole('complementary')
  await inspector.getByText('Code until').waitFor()
  assert.equal(await page.getByText(code).count(), 0, 'the code is shown again')

  await inspector.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Change Managed Apple Account…' }).click()
  await dialog.getByLabel('Managed Apple Account').fill('nora.quist@appleid.example.org')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await inspector.getByText('nora.quist@appleid.example.org').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await inspector.getByText('follows the rule').waitFor()

  await inspector.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Remove…' }).click()
  await dialog.getByText('Remove Nora Quist?').waitFor()
  await dialog.getByRole('button', { name: 'Remove Nora Quist' }).click()
  await page.getByText('Nobody by that name').waitFor()
  await close(page)
})

test('somebody who is there already is not added twice', async () => {
  const page = await open(browser, demo, '#/people')
  await page.locator('[role=rowgroup] [role=row]').first().waitFor()
  const who = await page.locator('[role=rowgroup] [role=row] [role=gridcell]').nth(1).innerText()
  await page.keyboard.press('n')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Work account').fill(who)
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.getByText('There is somebody with this account already.').waitFor()
  page.noise = page.noise.filter((line) => !line.includes('409')) // Chromium reports every refusal
  await close(page)
})

test('a simulated iPhone enrolls with a new account, while the overview watches', async () => {
  const page = await open(browser, demo, '#/people')
  await page.getByRole('button', { name: 'Add a person' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Work account').fill('paul@example.org')
  await dialog.getByLabel('With a password').check()
  await dialog.getByLabel('Password', { exact: true }).fill('correct horse')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.waitFor({ state: 'hidden' })

  const overview = await open(browser, demo, '#/overview')
  await overview.getByText('Enrolling today').waitFor()
  await overview.evaluate(() => {
    window.seen = new Set()
    new MutationObserver(() => window.seen.add(document.querySelector('main ol')?.textContent)).observe(
      document.body,
      {
        subtree: true,
        childList: true,
        characterData: true,
      },
    )
  })

  await page.evaluate(() => (location.hash = '#/rehearsal'))
  await page.getByLabel('Work account').fill('paul@example.org')
  await page.getByLabel('Password or enrollment code').fill('correct horse')
  await page.getByRole('button', { name: 'Start the rehearsal' }).click()
  await page.getByText('An iPhone can enroll').waitFor({ timeout: 60_000 })
  await page.getByText('Say goodbye').waitFor()
  await picture(page, 'rehearsal-done')
  await sound(page, 'a rehearsal')
  assert.ok((await overview.evaluate(() => window.seen.size)) > 0, 'the overview did not move')
  await close(overview)
  await close(page)
})
