import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const rows = (page) => page.locator('[role=grid] [role=rowgroup] [role=row]')
const foot = (page) => page.locator('main .foot')
const chosen = (page) => page.locator('[role=rowgroup] [role=row][aria-selected=true]')

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

  await page.goto(`${demo.screens}/#/phones?filter=state:is:enrolled`) // those that can be woken
  await page.getByRole('button', { name: 'state is enrolled', exact: true }).waitFor()
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

test('filters are added, changed and taken away by keyboard, and stand in the address', async () => {
  const page = await open(browser, demo, '#/phones')
  await rows(page).nth(5).waitFor()
  const all = await rows(page).count()
  await page.keyboard.press('f')
  await page.keyboard.type('system')
  await page.keyboard.press('Enter')
  const editor = page.getByRole('dialog', { name: 'Filter' })
  await editor.getByLabel('How').selectOption('before')
  await editor.getByLabel('Value').fill('nonsense')
  await page.keyboard.press('Enter')
  await editor.getByText('This is needed.').waitFor()
  await editor.getByLabel('Value').fill('18.7')
  await page.keyboard.press('Enter')
  const chip = page.getByRole('button', { name: 'iOS before 18.7', exact: true })
  await chip.waitFor()
  await page.waitForFunction((n) => document.querySelectorAll('[role=rowgroup] [role=row]').length < n, all)
  const versions = await page
    .locator('[role=rowgroup] [role=row] [role=gridcell]:nth-child(4)')
    .allInnerTexts()
  assert.ok(
    versions.every((version) => /^(17|18\.[0-6])/.test(version.trim())),
    versions.join(' '),
  )
  await sound(page, 'a filter')
  await picture(page, 'phones-filter')

  await page.reload()
  await chip.click()
  await page.getByRole('dialog', { name: 'iOS before 18.7' }).getByLabel('How').selectOption('at_least')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'iOS 18.7 or later', exact: true }).press('Delete')
  await rows(page).nth(5).waitFor()
  assert.equal(await page.evaluate(() => location.hash), '#/phones')
  await close(page)
})

test('several phones are chosen with mouse and keys, tagged, and it is undone', async () => {
  const page = await open(browser, demo, '#/phones')
  await page.getByRole('columnheader', { name: 'Person' }).getByRole('button').click()
  await page.locator('[aria-sort=ascending]').waitFor()
  await rows(page).nth(9).waitFor()
  await rows(page).nth(1).click()
  await rows(page)
    .nth(3)
    .click({ modifiers: ['Shift'] })
  await rows(page)
    .nth(6)
    .click({ modifiers: ['Control'] })
  await page.getByText('4 phones chosen').waitFor()
  await page.locator('[role=grid]').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  assert.ok((await chosen(page).count()) >= 4)
  await picture(page, 'phones-chosen')
  await sound(page, 'a selection')

  await page.keyboard.press('Escape')
  assert.equal(await page.getByText(/phones chosen/).count(), 0)
  await page.keyboard.press('Control+a')
  const total = Number(/\d+/.exec(await foot(page).innerText())[0])
  await page.getByText(`${total} phones chosen`).waitFor()
  await page.keyboard.press('Space')
  await page.getByText(`${total - 1} phones chosen`).waitFor()

  await page.getByRole('button', { name: 'Tag…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Add', { exact: true }).fill('Field team')
  await dialog.getByRole('button', { name: 'Change tags' }).click()
  await page.getByText(`Tags of ${total - 1} phones changed.`).waitFor()
  await page.getByRole('button', { name: 'Clear the selection' }).click()
  await page.getByRole('searchbox').fill('field team')
  await page.locator('main .foot', { hasText: `${total - 1} of ` }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).first().click()
  await page.getByText('No phone fits').waitFor()
  await close(page)
})

test('a list of names that was pasted becomes the selection', async () => {
  const page = await open(browser, demo, '#/phones')
  await rows(page).nth(5).waitFor()
  const people = (await page.locator('[role=gridcell] bdi[title*="@"]').all()).slice(0, 3)
  const names = await Promise.all(people.map((one) => one.getAttribute('title')))
  await page.keyboard.press('Control+k')
  await page.keyboard.type('list of names')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Names').fill([...names, 'nobody@example.org', ''].join('\n'))
  await dialog.getByRole('button', { name: 'Look up' }).click()
  await dialog.getByText('3 of 4 lines lead to 3 phones.').waitFor()
  await dialog.getByText('nobody@example.org').waitFor()
  await picture(page, 'phones-pasted')
  await sound(page, 'a pasted list')
  await dialog.getByRole('button', { name: 'Select 3 phones' }).click()
  await page.getByText('3 phones chosen').waitFor()
  assert.equal(await chosen(page).count(), 3)
  await close(page)
})

test('columns are chosen, moved and drawn, and a view keeps them', async () => {
  const page = await open(browser, demo, '#/phones')
  await rows(page).first().waitFor()
  const heads = () => page.locator('[role=columnheader]').allInnerTexts()
  await page.getByRole('columnheader', { name: 'Model' }).click({ button: 'right' })
  const picker = page.getByRole('dialog', { name: 'Columns' })
  await picker.getByLabel('Battery').check()
  await picker.getByLabel('Name', { exact: true }).uncheck()
  await picker.getByLabel('Battery').press('Alt+ArrowUp')
  await page.keyboard.press('Escape')
  assert.deepEqual(
    (await heads()).map((one) => one.trim()),
    ['Person', 'Model', 'System', 'State', 'Battery', 'Last contact'],
  )
  await page.getByRole('columnheader', { name: 'Model' }).getByRole('button').focus()
  await page.keyboard.press('Shift+ArrowRight')
  await page.keyboard.press('Alt+ArrowRight')
  assert.deepEqual((await heads()).slice(0, 3), ['Person', 'System', 'Model'])

  // Carried with the mouse.
  const from = await page.getByRole('columnheader', { name: 'Battery' }).boundingBox()
  const to = await page.getByRole('columnheader', { name: 'System' }).boundingBox()
  await page.mouse.move(from.x + 10, from.y + 8)
  await page.mouse.down()
  await page.mouse.move(to.x + 30, to.y + 8, { steps: 4 })
  await page.mouse.move(to.x + 4, to.y + 8, { steps: 4 })
  await page.mouse.up()
  assert.deepEqual((await heads()).slice(0, 3), ['Person', 'Battery', 'System'])

  await page.getByRole('button', { name: /Saved views/ }).click()
  await page.getByRole('menuitem', { name: 'Save this view…' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Batteries')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: /Saved views Batteries/ }).waitFor()
  await page.reload()
  await rows(page).first().waitFor()
  assert.deepEqual((await heads()).slice(0, 3), ['Person', 'Battery', 'System'])
  await page.getByRole('button', { name: /Saved views/ }).click()
  await page.getByRole('menuitem', { name: 'Batteries' }).click()
  await page.getByRole('button', { name: /Saved views/ }).click()
  await picture(page, 'phones-views')
  await page.getByRole('menuitem', { name: 'Delete “Batteries”' }).click()
  await page.getByText('“Batteries” is deleted.').waitFor()
  await close(page)
})

test('the list on the screen is saved as a file, as it is', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled')
  await rows(page).nth(5).waitFor()
  await page.getByRole('button', { name: 'Export' }).click()
  await picture(page, 'phones-export')
  const coming = page.waitForEvent('download')
  const asCSV = page.getByRole('menuitem', { name: /^\d+ phones as CSV/ })
  const total = parseInt(await asCSV.innerText())
  await asCSV.click()
  const file = await coming
  assert.match(file.suggestedFilename(), /^phones-\d{4}-\d\d-\d\d\.csv$/)
  const lines = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\r\n')
  // phones of the demo come and go between the menu and the file
  assert.ok(
    Math.abs(lines.length - 1 - total) <= 2,
    `${lines.length - 1} phones in the file, ${total} in the menu`,
  )
  assert.equal(lines[0].replace('\ufeff', ''), 'Person,Name,Model,System,State,Last contact')
  assert.match(lines[1], /,Enrolled,/)
  await page.getByText('The file is saved.').waitFor()
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

test('what is open beside the list closes with Space and Escape, also when its row has left the list', async () => {
  const page = await open(browser, demo, '#/phones')
  await rows(page).nth(5).waitFor()
  await rows(page).nth(2).click()
  const inspector = page.getByRole('complementary', { name: 'About this phone' })
  await inspector.waitFor()
  for (const key of ['Space', 'Escape']) {
    await page.getByRole('searchbox').fill('müller')
    await page.waitForFunction(() => document.querySelectorAll('[role=rowgroup] [role=row]').length < 5)
    await page.locator('[role=grid]').focus()
    await page.keyboard.press(key)
    await inspector.waitFor({ state: 'hidden' })
    await page.getByRole('searchbox').fill('')
    await rows(page).nth(5).waitFor()
    await rows(page).nth(2).click()
    await inspector.waitFor()
  }
  await close(page)
})

test('the work account is removed from a phone, which proves it', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled')
  const inspector = page.getByRole('complementary', { name: 'About this phone' })
  const dialog = page.getByRole('dialog', { name: /^Remove the work account from .+\?$/ })
  for (let i = 0; ; i++) {
    await rows(page)
      .nth(5 + i)
      .click()
    await inspector.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Remove work account…' }).click()
    await dialog.getByText('Private photos, messages and apps are not touched.').waitFor()
    if (i === 0) {
      await sound(page, 'the question before a work account goes')
      await picture(page, 'phones-retire')
    }
    await dialog.getByRole('button', { name: 'Remove work account' }).click()
    await dialog.waitFor({ state: 'hidden' })
    const proof = inspector.getByText('The work account was removed at your request.')
    const proved = await proof.waitFor({ timeout: 5000 }).then(
      () => true,
      () => false,
    )
    if (proved) break
    // one of those that fall silent after they enrolled, or are busy: it may stay
    await inspector.getByText(/^Its work account is to be removed/).waitFor()
    await inspector.getByRole('button', { name: 'Keep work account' }).click()
    await inspector.getByText(/^Its work account is to be removed/).waitFor({ state: 'hidden' })
  }
  await inspector.getByRole('tab', { name: 'Timeline' }).click()
  await inspector.getByText('The work account is to be removed').first().waitFor()
  await close(page)
})

test('what Apple forbids on a personal phone is explained, not offered', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled')
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

test('what is written about a phone is kept when one leaves the field, and undone', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled')
  await rows(page).nth(2).click()
  const inspector = page.getByRole('complementary', { name: 'About this phone' })
  await inspector.getByRole('tab', { name: 'Notes' }).click()
  const notes = inspector.getByLabel('Notes', { exact: true }).last()
  await notes.fill('Borrowed by the front desk')
  await page.keyboard.press('Tab')
  await page.getByText('Saved.').waitFor()
  await inspector.getByLabel('Tags').fill('Loan')
  await page.keyboard.press('Enter')
  await inspector.getByText('Loan', { exact: true }).waitFor()
  await picture(page, 'phone-notes')
  await sound(page, 'notes')
  await inspector.getByLabel('Why').fill('On show')
  await inspector.getByRole('button', { name: 'Keep', exact: true }).click()
  await inspector.getByText('On show').waitFor()
  await inspector.getByRole('button', { name: 'No longer keep' }).click()
  await inspector.getByLabel('Why').waitFor()
  await notes.fill('')
  await page.keyboard.press('Tab')
  await close(page)
})

test('the list is copied as a table that mails and spreadsheets take', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:enrolled')
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await rows(page).nth(5).waitFor()
  await page.getByRole('button', { name: 'Export' }).press('Enter')
  await page.getByRole('menuitem', { name: 'Copy as a table' }).press('Enter')
  await page.getByText(/^\d+ phones copied\.$/).waitFor()
  const copied = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read()
    const part = async (type) => (await item.getType(type)).text()
    return { html: await part('text/html'), text: await part('text/plain') }
  })
  const lines = copied.text.trim().split('\r\n')
  assert.match(lines[0], /Person\tName\tModel/)
  assert.match(lines[1], /\ti(Pad)?OS \d/)
  assert.equal(copied.html.match(/<tr/g).length, lines.length)
  await close(page)
})

test('what was archived together comes back together, and one record is erased for good', async () => {
  const page = await open(browser, demo, '#/phones?filter=state:is:removed')
  await rows(page).nth(1).waitFor()
  await rows(page).nth(0).locator('.mark').click()
  await rows(page).nth(1).locator('.mark').click()
  await page.getByRole('button', { name: 'Archive 2 phones' }).press('Enter')
  await page.getByText('2 phones archived.').waitFor()
  await page.goto(`${demo.screens}/#/cleanup/archived`)
  const together = page.getByRole('list', { name: 'Put away together' })
  const batch = together.getByRole('listitem').filter({ hasText: '2 phones' })
  await batch.waitFor()
  await fits(page, 'archived')
  await sound(page, 'archived')
  await picture(page, 'cleanup-archived')
  await batch.getByRole('button', { name: 'Bring back' }).press('Enter')
  await batch.waitFor({ state: 'detached' })

  await page.goto(`${demo.screens}/#/phones?filter=state:is:removed`)
  await rows(page).nth(1).waitFor()
  const before = await rows(page).count()
  await rows(page).nth(0).locator('.mark').click()
  await page.getByRole('button', { name: 'Archive one phone' }).press('Enter')
  await page.getByText('One phone archived.').waitFor()
  await page.goto(`${demo.screens}/#/cleanup/archived`)
  await together.getByRole('listitem').filter({ hasText: 'One phone' }).waitFor()
  await rows(page).first().locator('.mark').click()
  await page.getByRole('button', { name: 'Erase one for good…' }).press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('heading', { name: 'Erase one record for good?' }).waitFor()
  await dialog.getByText('A backup that was made before still has them', { exact: false }).waitFor()
  await picture(page, 'cleanup-erase')
  await dialog.getByRole('button', { name: 'Erase one record' }).press('Enter')
  await dialog.getByText('One record, receipt').waitFor()
  await dialog.getByRole('button', { name: 'Done' }).press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await page.goto(`${demo.screens}/#/phones?filter=state:is:removed`)
  await rows(page).first().waitFor()
  await page.waitForFunction(
    (n) => document.querySelectorAll('[role=grid] [role=rowgroup] [role=row]').length === n,
    before - 1,
  )
  await close(page)
})
