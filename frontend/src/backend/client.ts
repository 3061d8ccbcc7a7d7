import createClient, { type Middleware } from 'openapi-fetch'
import { fromProblem, left, Trouble } from './errors'
import type { paths } from './generated'
import { token } from './platform'

const patience = 30_000

// Who asks, in a browser. In the window the program itself knows.
const identify: Middleware = {
  onRequest({ request }) {
    const own = token()
    if (own) request.headers.set('Authorization', `Bearer ${own}`)
    return request
  },
}

// The window's door never cancels a request, and a browser waits for ever: every question has a deadline here.
async function withDeadline(request: Request): Promise<Response> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(new DOMException('no answer', 'TimeoutError')), patience)
  const leave = () => deadline.abort(request.signal.reason)
  if (request.signal.aborted) leave()
  request.signal.addEventListener('abort', leave)
  try {
    return await fetch(request, { signal: deadline.signal })
  } finally {
    clearTimeout(timer)
    request.signal.removeEventListener('abort', leave)
  }
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: withDeadline, cache: 'no-store' })
api.use(identify)

/** ask waits for an answer and returns its body. Everything else becomes a Trouble with a code. */
export async function ask<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let came
  try {
    came = await answer
  } catch (error) {
    if (left(error)) throw error
    throw new Trouble('unreachable')
  }
  if (came.data !== undefined) return came.data
  throw fromProblem(came.response.status, came.error)
}
