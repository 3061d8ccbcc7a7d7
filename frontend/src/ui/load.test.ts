import { expect, it } from 'vitest'
import { Load } from './load.svelte'

it('keeps what is shown until the new answer has come', async () => {
  const answers = [Promise.resolve('old'), Promise.resolve('new')]
  const load = new Load(() => answers.shift() ?? Promise.reject(new Error('asked too often')))
  expect(load.state).toBe('loading')
  await load.refresh()
  const refreshing = load.refresh()
  expect(load.data).toBe('old')
  expect(load.busy).toBe(true)
  await refreshing
  expect(load.data).toBe('new')
})

it('drops an answer that was overtaken', async () => {
  const late: ((text: string) => void)[] = []
  const load = new Load<string>(() => new Promise((resolve) => late.push(resolve)))
  const first = load.refresh()
  const second = load.refresh()
  late[1]?.('second')
  await second
  late[0]?.('first')
  await first
  expect(load.data).toBe('second')
})

it('shows an error only as long as there is nothing better', async () => {
  let broken = true
  const load = new Load(() => (broken ? Promise.reject(new Error('away')) : Promise.resolve(1)))
  await load.refresh()
  expect(load.state).toBe('error')
  broken = false
  await load.refresh()
  expect(load.state).toBe('ready')
  broken = true
  await load.refresh()
  expect(load.state).toBe('ready')
  expect(load.error).toBeDefined()
})
