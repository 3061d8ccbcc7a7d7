import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const patience = 90_000

/** demo starts a throw-away server with forty simulated phones, or more, and waits until most of them have enrolled. */
export async function demo(wanted = 40) {
  const server = await start(['demo', '--phones', String(wanted)], ['public', 'admin'])
  const tooLate = Date.now() + patience * Math.ceil(wanted / 20_000)
  while ((await phones(server)) < wanted * (wanted > 200 ? 0.95 : 0.75)) {
    if (Date.now() > tooLate) {
      await server.stop()
      throw new Error('gatehoused demo: its phones do not enroll')
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return server
}

async function phones({ screens, token }) {
  const answer = await fetch(`${screens}/api/overview`, { headers: { Authorization: `Bearer ${token}` } })
  return (await answer.json()).counts.phones
}

/** empty starts a server that nobody has set up, on a folder of its own; again starts on a folder that is there. */
export async function empty(data = mkdtempSync(join(tmpdir(), 'gatehouse-story-')), admin = '127.0.0.1:0') {
  const server = await start(
    ['serve', '--data', data, '--listen', '127.0.0.1:0', '--admin', admin],
    ['admin'],
  )
  return { ...server, data, clean: () => rmSync(data, { recursive: true, force: true }) }
}

/** start runs gatehoused until stop, and waits until it has said where it is. */
function start(args, lines) {
  const child = spawn(process.env.GATEHOUSED, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve()
      child.once('exit', resolve)
      child.kill('SIGTERM')
    })
  let said = ''
  let complaints = ''
  child.stderr.on('data', (text) => (complaints += text))
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`gatehoused ${args.join(' ')}: not ready\n${said}${complaints}`))
    }, patience)
    child.once('exit', (code) => {
      clearTimeout(tooLate)
      reject(new Error(`gatehoused ${args.join(' ')}: ended with ${code}\n${complaints}`))
    })
    child.stdout.on('data', (text) => {
      said += text
      if (!lines.every((line) => new RegExp(`^ready ${line} .*\n`, 'm').test(said))) return
      clearTimeout(tooLate)
      const admin = new URL(/^ready admin (\S+)/m.exec(said)[1])
      resolve({
        screens: admin.origin,
        token: admin.searchParams.get('token'),
        phones: /^ready public (\S+)/m.exec(said)?.[1],
        stop,
      })
    })
  })
}
