/**
 * What differs between the desktop window and a browser. In the window the server is in the same process and knows
 * who asks; a browser shows a token, which comes in the address once and then stays in this tab only.
 */
const tokenKey = 'gatehouse.token'

export const inWindow = location.protocol === 'wails:' || location.hostname === 'wails.localhost'

/** takeToken moves the token from the address to the tab's memory, so that it is not bookmarked or photographed. */
export function takeToken(address: Location = location, store: Storage = sessionStorage) {
  const fromQuery = new URLSearchParams(address.search)
  const [path = '', query = ''] = address.hash.replace(/^#/, '').split('?')
  const fromHash = new URLSearchParams(path.startsWith('/') ? query : path)
  const token = fromQuery.get('token') ?? fromHash.get('token')
  if (token === null) return
  store.setItem(tokenKey, token)
  fromQuery.delete('token')
  const rest = fromQuery.toString()
  fromHash.delete('token')
  const asked = fromHash.toString()
  const hash = path.startsWith('/') ? `#${path}${asked && `?${asked}`}` : ''
  history.replaceState(null, '', `${address.pathname}${rest && `?${rest}`}${hash}`)
}

export function token(): string {
  return inWindow ? '' : (sessionStorage.getItem(tokenKey) ?? '')
}

export function keepToken(value: string) {
  sessionStorage.setItem(tokenKey, value.trim())
}

/** save gives a text or bytes to the person as a file and says whether it was saved; false means they changed their mind. */
export async function save(
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
  type = 'text/plain',
): Promise<boolean> {
  if (inWindow) {
    // WebKitGTK ignores <a download>: the program opens its own dialog and writes the file.
    const answer = await fetch(`/shell/save?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      body: content,
    })
    if (!answer.ok) throw new Error(`save: ${String(answer.status)}`)
    const { saved } = (await answer.json()) as { saved: boolean }
    return saved
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([content], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  return true
}

/** follow opens an address in another program: a letter in the one for mail. */
export async function follow(address: string) {
  if (!inWindow) {
    location.href = address
    return
  }
  const answer = await fetch('/shell/open', { method: 'POST', body: JSON.stringify({ url: address }) })
  if (!answer.ok) throw new Error(`open: ${String(answer.status)}`)
}
