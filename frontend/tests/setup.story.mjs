import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { close, launch, open, picture, sound } from './browser.mjs'
import { empty } from './server.mjs'

let browser
let server
before(async () => {
  browser = await launch()
  server = await empty()
})
after(async () => {
  await browser.close()
  await server.stop()
  server.clean()
})

test('the first run asks one question a page and can be left at any time', async () => {
  let page = await open(browser, server)
  await page.getByRole('heading', { name: 'Who is this for?' }).waitFor()
  await picture(page, 'setup-1-organization')
  await sound(page, 'the first question')
  await page.getByLabel('Name of the organization').fill('Harbour Bakery')
  await page.keyboard.press('Enter')

  await page.getByRole('heading', { name: 'Which addresses do your people have?' }).waitFor()
  await page.getByLabel('Domains').fill('bakery')
  await page.getByText('bakery is not a domain.', { exact: false }).waitFor()
  await page.getByLabel('Domains').fill('bakery.example')
  await page.keyboard.press('Enter')
  await picture(page, 'setup-2-domains')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Where will phones find this server?' }).waitFor()

  // leave in the middle, come back
  await page.reload()
  await page.getByRole('heading', { name: 'Where will phones find this server?' }).waitFor()
  await page.getByLabel('Address').fill('http://bakery.example')
  await page.getByText(/It must begin with https/).waitFor()
  assert.ok(await page.getByRole('button', { name: 'Continue' }).isDisabled())
  await page.getByLabel('Address').fill('https://localhost:18443')
  await page.getByText(/is this computer itself/).waitFor()
  await picture(page, 'setup-3-url')
  await sound(page, 'the address')
  await page.getByRole('button', { name: 'Continue' }).click()

  await page.getByRole('heading', { name: 'How do phones know that it is you?' }).waitFor()
  await page.getByText('It is made, and in use').waitFor()
  await picture(page, 'setup-4-tls')
  await sound(page, 'the certificate')
  await page.getByRole('button', { name: 'Continue' }).click()

  await page.getByRole('heading', { name: 'May we wake your phones?' }).waitFor()
  await picture(page, 'setup-5-push')
  await sound(page, 'the push certificate')
  await page.getByRole('button', { name: 'Later' }).click()

  await page.getByRole('heading', { name: 'Who goes first?' }).waitFor()
  await page.getByLabel('Work account').fill('anna@bakery.example')
  await picture(page, 'setup-6-people')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('For anna@bakery.example').waitFor()
  await picture(page, 'setup-6-code')
  await page.getByRole('button', { name: 'Continue' }).click()

  await page.getByRole('heading', { name: 'That is all.' }).waitFor()
  await page.getByText('The push certificate is still missing.').waitFor()
  await picture(page, 'setup-7-done')
  await sound(page, 'the end')
  await page.getByRole('button', { name: 'Open the overview' }).click()
  await page.getByText('What needs you').waitFor()
  await page.getByText('The push certificate is missing.').waitFor()
  await close(page)

  page = await open(browser, server, '#/phones', { dark: true, lang: 'de-DE' })
  await page.getByText('Noch kein Gerät').waitFor()
  await picture(page, 'phones-empty-dark-de')
  await sound(page, 'no phone yet')
  await close(page)
})

test('somebody without the token is asked for it', async () => {
  const page = await open(browser, { ...server, token: 'wrong' })
  await page.getByRole('heading', { name: 'Who is there?' }).waitFor()
  await picture(page, 'stranger')
  await sound(page, 'a stranger')
  await page.getByLabel('Token').fill(server.token)
  await page.getByRole('button', { name: 'Open' }).click()
  await page.getByText('What needs you').waitFor()
  assert.ok(!page.url().includes('token'))
  page.noise = page.noise.filter((line) => !line.includes('401'))
  await close(page)
})

test('when the server goes away the screens say so, and recover by themselves', async () => {
  const page = await open(browser, server, '#/overview')
  await page.getByText('What needs you').waitFor()
  await server.stop()
  await page.getByText('The server does not answer.').first().waitFor({ timeout: 40_000 })
  await picture(page, 'offline')
  await sound(page, 'no answer')
  server = await empty(server.data, new URL(server.screens).host)
  await page.evaluate((token) => sessionStorage.setItem('gatehouse.token', token), server.token)
  await page.getByRole('button', { name: 'Try again' }).first().click()
  await page.getByText('The server does not answer.').waitFor({ state: 'hidden', timeout: 40_000 })
  await page.context().close()
})
