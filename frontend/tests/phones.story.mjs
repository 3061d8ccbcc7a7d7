import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, demo, launch, open } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const rows = (page) => page.locator('[role=grid] [role=rowgroup] [role=row]')
const foot = (page) => page.locator('main .foot')

test('a phone is found, opened beside the list and woken', async () => {
  const page = await open(browser, demo, '#/phones')
  await rows(page).first().waitFor()
  assert.match(await foot(page).innerText(), /^\d+ phones$/)

  await page.getByRole('searchbox').fill('müller')
  await page.waitForFunction(() => document.querySelectorAll('[role=rowgroup] [role=row]').length < 5)
  assert.match(await rows(page).first().innerText(), /Müller/)

  await page.getByRole('searchbox').fill('zzzz')
  await page.getByText('No phone fits').waitFor()
  await page.getByRole('button', { name: 'Show all' }).click()
  await rows(page).nth(5).waitFor()

  await page.getByRole('button', { name: /State/ }).click()
  await page.getByRole('menuitem', { name: 'Enrolled', exact: true }).click()
  await page.waitForFunction(() => document.querySelector('main .foot')?.textContent.includes(' of '))
  const states = await page.locator('[role=rowgroup] [role=row] .state').allInnerTexts()
  assert.deepEqual([...new Set(states)], ['Enrolled'])

  await rows(page).first().click()
  const inspector = page.getByRole('complementary', { name: 'About this phone' })
  await inspector.getByText('Battery').waitFor()
  await inspector.getByRole('tab', { name: 'Timeline' }).click()
  await inspector.getByText('A phone asked to enroll').waitFor()
  await inspector.getByRole('button', { name: 'Wake' }).click()
  await page.getByText(/Asked Apple to wake/).waitFor()

  await inspector.getByRole('button', { name: 'Ask again' }).click()
  await inspector.getByRole('tab', { name: 'Commands' }).click()
  await inspector.getByText('Device information').first().waitFor()
  await close(page)
})

test('the list is sorted by the server, both ways', async () => {
  const page = await open(browser, demo, '#/phones')
  await rows(page).first().waitFor()
  const first = async () => (await rows(page).first().locator('[role=gridcell]').first().innerText()).trim()
  await page.getByRole('columnheader', { name: 'Person' }).getByRole('button').click()
  await page.locator('[role=columnheader][aria-sort=ascending]').waitFor()
  await page.waitForFunction(() =>
    document.querySelector('[role=rowgroup] [role=row]')?.textContent.startsWith('A'),
  )
  const ascending = await first()
  await page.getByRole('columnheader', { name: 'Person' }).getByRole('button').click()
  await page.waitForFunction(
    (other) => !document.querySelector('[role=rowgroup] [role=row]')?.textContent.startsWith(other),
    ascending,
  )
  await close(page)
})

test('what Apple forbids on a personal phone is explained, not offered', async () => {
  const page = await open(browser, demo, '#/phones?state=enrolled')
  await rows(page).first().click()
  const inspector = page.getByRole('complementary', { name: 'About this phone' })
  await inspector.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Send a command…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/that Apple does not allow here/).click()
  await dialog.getByText('EraseDevice').waitFor()
  assert.equal(await dialog.locator('option', { hasText: 'EraseDevice' }).count(), 0)
  await close(page)
})
