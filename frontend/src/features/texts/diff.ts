/** What changed between two texts, word by word. */
export interface Part {
  kind: 'same' | 'gone' | 'new'
  text: string
}

// Above this many comparisons whole lines are compared: nobody reads word by word what is as long as a contract.
const most = 4_000_000

export function diff(from: string, to: string): Part[] {
  const words = (text: string) => text.match(/\{\{[^}]*\}\}|[\p{L}\p{M}\p{N}]+|\s+|./gsu) ?? []
  const lines = (text: string) => text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const fine = [words(from), words(to)] as const
  return joined(fine[0].length * fine[1].length <= most ? compare(...fine) : compare(lines(from), lines(to)))
}

/** compare keeps the longest common sequence and calls the rest gone or new. */
function compare(from: string[], to: string[]): Part[] {
  let start = 0
  while (start < from.length && start < to.length && from[start] === to[start]) start++
  let end = 0
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end)) end++
  const a = from.slice(start, from.length - end)
  const b = to.slice(start, to.length - end)
  return [
    ...from.slice(0, start).map((text): Part => ({ kind: 'same', text })),
    ...middle(a, b),
    ...from.slice(from.length - end).map((text): Part => ({ kind: 'same', text })),
  ]
}

function middle(a: string[], b: string[]): Part[] {
  const wide = b.length + 1
  const common = new Uint32Array((a.length + 1) * wide)
  const at = (i: number, j: number) => common[i * wide + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * wide + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const parts: Part[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      parts.push({ kind: 'same', text: a[i++] ?? '' })
      j++
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      parts.push({ kind: 'gone', text: a[i++] ?? '' })
    } else parts.push({ kind: 'new', text: b[j++] ?? '' })
  }
  return parts
}

function joined(parts: Part[]): Part[] {
  const list: Part[] = []
  for (const part of parts) {
    const last = list.at(-1)
    if (last?.kind === part.kind) last.text += part.text
    else list.push({ ...part })
  }
  return list
}
