/** What a field for words is asked to show. Apart from CodeMirror, which is loaded later. */
export interface WordField {
  /** another id is another field: it has a memory of its own for undo. */
  id: string
  text: string
  label: string
  lang: string
  rtl: boolean
  /** one line: Return goes on instead of making a second. */
  single: boolean
  /** Markdown is shown as what it means, and has its keys. */
  marks: boolean
  variables: readonly WordVariable[]
  describedby?: string | undefined
}

export interface WordVariable {
  name: string
  /** what it stands for. */
  detail: string
}

/** Something about a part of the text, from one letter to before another. */
export interface WordMark {
  from: number
  to: number
  text: string
  blocking: boolean
}

export interface WordFieldKeys {
  onnext: () => void
  onprevious: () => void
  onleave: () => void
}
