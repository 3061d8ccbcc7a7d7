// People move here from an older management: its list, whose phones they are, the letters, and the end.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { close, demo, fits, launch, open, picture, sound } from './browser.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const api = (method, path, body) =>
  fetch(`${demo.screens}/api${path}`, {
    method,
    headers: { Authorization: `Bearer ${demo.token}`, 'Content-Type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })

const bring = (page, name, text) =>
  page
    .locator('input[type=file]')
    .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') })

/** oldList is the list of another management in which one phone of the demo stands, besides six of others. */
async function oldList() {
  const { enrollments } = await (await api('GET', '/enrollments?state=enrolled&limit=1')).json()
  const here = enrollments[0]
  const personal = 'Personal (Personal Device Profile)'
  const lines = [
    'Display Name;JSS Mobile Device ID;Serial Number;Model Identifier;OS Version;Username;Full Name;Email Address;Device Ownership Type;Managed;Last Inventory Update',
    `Moved already;201;SER1;${here.product_name};18.6;;;${here.person};${personal};Managed;2025-11-02 08:00:00`,
    `Mila's iPhone;202;SER2;iPhone15,4;18.6;mila;Mila Sj\xf6berg;mila@example.org;${personal};Managed;2025-11-03 08:00:00`,
    `Noah's iPhone;203;SER3;iPhone14,5;18.6;noah;Noah Stein;noah.s@example.org;${personal};Managed;2025-11-04 08:00:00`,
    `iPad;204;SER4;iPad13,18;18.6;noah;Noah Stein;noah.s@example.org;Personal (User Enrollment);Unmanaged;2025-11-05 08:00:00`,
    `iPhone;205;SER5;iPhone12,1;17.7;;Somebody Else;;${personal};Managed;2025-10-01 08:00:00`,
    `Perhaps;206;SER6;iPhone12,1;17.7;;;mila@elsewhere.example;${personal};Managed;2025-10-01 08:00:00`,
    `Pool;207;SER7;iPhone12,1;17.7;;;;Institutional;Managed;2025-10-01 08:00:00`,
  ]
  return lines.join('\n') + '\n'
}

const state = (page, name) => page.getByRole('group', { name: 'Which phones' }).getByRole('button', { name })

test('an old list goes from the file to the end, with mouse and keyboard', async () => {
  await api('POST', '/people', { identifier: 'mila@example.org', name: 'Mila Sjöberg' })
  const page = await open(browser, demo, '#/move')
  await page.getByText('Coming from another device management?').waitFor()
  await picture(page, 'move-empty')
  await sound(page, 'before a move')

  await page.keyboard.press('i')
  const dialog = page.getByRole('dialog')
  await bring(page, 'wrong.csv', 'Farbe;Gr\xf6\xdfe\nrot;7\n')
  await dialog.getByText('Which column is “Name of the phone”?').waitFor()
  page.noise = page.noise.filter((line) => !line.includes('422')) // Chromium reports every refusal
  const list = await oldList()
  await bring(
    page,
    'old.csv',
    list
      .replace("Noah's iPhone;203;", ';203;')
      .replace('Noah Stein;noah.s@example.org;', ';;')
      .replace(';noah;', ';;'),
  )
  await dialog.getByText('One of 7 lines is not right yet.').waitFor()
  await dialog.getByLabel('Leave out the lines that are not right').check()
  await dialog.getByText('One of 7 lines is not right and is left out.').waitFor()
  await picture(page, 'move-import-wrong')
  await bring(page, 'old.csv', list)
  await dialog.getByText('6 phones are new.').waitFor()
  await dialog.getByText('One phone of the organization is left out.').waitFor()
  await dialog.getByText('First rows').click()
  await dialog.getByRole('cell', { name: 'Mila Sjöberg' }).waitFor()
  await fits(page, 'the import')
  await sound(page, 'the import')
  await picture(page, 'move-import')
  await dialog.getByRole('button', { name: 'Import 6 lines' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('1 of 6 has moved.').or(page.getByText('1 of 6 have moved.')).waitFor()
  await page.getByText('4 still have the old profile.').waitFor()
  await page.getByRole('link', { name: 'Move' }).waitFor()

  // Whose they are.
  await state(page, /^Person unknown/).click()
  await page.getByText('Perhaps Mila Sjöberg').waitFor()
  await page.getByRole('row').filter({ hasText: 'Perhaps Mila Sjöberg' }).click()
  await page.keyboard.press('Enter')
  const inspector = page.getByRole('complementary')
  await inspector.getByText('Say whether it is.').waitFor()
  await sound(page, 'a phone of the old list')
  await inspector.getByRole('button', { name: 'It is' }).click()
  await inspector.getByText('Its person has not been invited.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('row').filter({ hasText: 'Somebody Else' }).click()
  await page.keyboard.press('Control+Space')
  await page.getByRole('toolbar').getByRole('button', { name: 'Leave out' }).click()
  await page.getByText('One was left out').waitFor()
  await state(page, /^All/).click()

  // Letters to all whose turn it is.
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Invite 4' }).click()
  await dialog.getByText('Make an account for one person who has none').waitFor()
  await dialog.getByLabel('Name of the old profile').fill('Work Profile')
  await dialog.getByLabel('Language').focus()
  await dialog.getByText('Work Profile').waitFor()
  await picture(page, 'move-letter')
  await sound(page, 'a letter')
  await dialog.getByRole('button', { name: 'Write 2 letters' }).click()
  await dialog.getByRole('heading', { name: '2 letters to send' }).waitFor()
  await sound(page, 'letters to send')
  await picture(page, 'move-letters')
  const file = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Save as a table for a mail merge' }).click()
  const merge = await readFile(await (await file).path(), 'utf8')
  assert.match(merge, /^\uFEFFaddress,name,subject,body,code\r?\n/)
  assert.match(merge, /mila@example\.org/)
  assert.match(merge, /Work Profile/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await state(page, /^Invited 4/).waitFor()

  // The end: by hand here, since these phones are made up.
  await state(page, /^Invited/).click()
  await page.getByRole('grid').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Control+a')
  await page.getByRole('button', { name: 'Remind 4' }).waitFor()
  await picture(page, 'move-chosen')
  const { phones } = await (await api('GET', '/move')).json()
  const invited = phones.filter((one) => one.state === 'invited').map((one) => one.id)
  await api('POST', '/move/settle', { ids: invited, as: 'moved' })
  await page.getByText('Everybody has moved').waitFor()
  await page.getByRole('button', { name: 'Remove previous records' }).first().click()
  await dialog.getByText('4 of them are still in the old management').waitFor()
  await picture(page, 'move-remove')
  await sound(page, 'the last step')
  await dialog.getByRole('button', { name: 'Remove 5 records' }).click()
  await dialog.getByText('Now delete them in the old management').waitFor()
  const there = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Save the list' }).click()
  assert.match(await readFile(await (await there).path(), 'utf8'), /202.*Mila's iPhone/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.keyboard.press('Control+z')
  await state(page, /^Moved 5/).waitFor()
  await page.getByRole('button', { name: 'Remove previous records' }).first().click()
  await dialog.getByRole('button', { name: 'Remove 5 records' }).click()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Close the move' }).click()
  await dialog.getByText('6 lines of the old list are erased.').waitFor()
  await sound(page, 'closing a move')
  await dialog.getByRole('button', { name: 'Erase 6 lines' }).click()
  await page.getByText('Coming from another device management?').waitFor()
  for (const who of ['mila@example.org', 'noah.s@example.org']) await api('DELETE', `/people/${who}`)
  await close(page)
})

test('the board in dark, in German, narrow, and from right to left', async () => {
  await api('POST', '/move/import', {
    file: Buffer.from(await oldList(), 'latin1').toString('base64'),
    source: 'Jamf Pro',
  })
  for (const look of [
    { name: 'light', width: 1280, height: 800 },
    { name: 'dark-de', width: 1280, height: 800, dark: true, lang: 'de-DE' },
    { name: 'narrow-de', width: 900, height: 600, lang: 'de-DE' },
    { name: 'rtl', width: 1280, height: 800, rtl: true },
  ]) {
    const page = await open(browser, demo, '#/move', look)
    const row = page.locator('[role=grid] [role=row][aria-rowindex="3"]')
    await row.waitFor()
    if (look.rtl) await page.evaluate(() => (document.documentElement.dir = 'rtl'))
    await fits(page, look.name)
    await sound(page, look.name)
    await picture(page, `move-${look.name}`)
    await row.click()
    await page.keyboard.press('Enter')
    await page.locator('aside dd').first().waitFor()
    await fits(page, `${look.name} with a phone`)
    await picture(page, `move-phone-${look.name}`)
    await close(page)
  }
  assert.equal((await api('DELETE', '/move')).status, 200)
})
