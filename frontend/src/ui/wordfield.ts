/** CodeMirror as a field for words with variables. Loaded only where words are edited: it is larger than any screen. */
import {
  acceptCompletion,
  autocompletion,
  completionKeymap,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorSelection, EditorState, Prec, type Extension } from '@codemirror/state'
import {
  Decoration,
  Direction,
  EditorView,
  keymap,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view'
import type { WordField, WordFieldKeys, WordMark, WordVariable } from './wordfield.types'

const variable = new MatchDecorator({
  regexp: /\{\{[#/]?\w*\}\}/g,
  // A name in Latin letters inside a text from right to left keeps its own direction.
  decoration: Decoration.mark({
    class: 'cm-variable',
    attributes: { dir: 'ltr' },
    bidiIsolate: Direction.LTR,
  }),
})
const emphasis = new MatchDecorator({
  regexp: /\*\*[^*\n]+\*\*|\*[^*\n]+\*|^#{2,3} .*$|\[[^\]\n]+\]\([^)\n]*\)/gm,
  decoration: (match) =>
    Decoration.mark({
      class: match[0].startsWith('*') && !match[0].startsWith('**') ? 'cm-italic' : 'cm-strong',
    }),
})

function painted(matcher: MatchDecorator): Extension {
  return ViewPlugin.define(
    (view) => ({
      set: matcher.createDeco(view),
      update(update: ViewUpdate) {
        this.set = matcher.updateDeco(update, this.set)
      },
    }),
    { decorations: (plugin) => plugin.set },
  )
}

/** complete offers variables after "{{", and blocks after "{{#". */
export function complete(variables: readonly WordVariable[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const before = context.matchBefore(/\{\{#?\w*/)
    if (!before) return null
    const block = before.text.startsWith('{{#')
    const closed = context.state.sliceDoc(context.pos, context.pos + 2) === '}}'
    return {
      from: before.from + (block ? 3 : 2),
      validFor: /^\w*$/,
      options: variables.map((one, index): Completion => {
        const name = one.name
        const end = block ? `}}{{/${name}}}` : '}}'
        return {
          label: name,
          detail: one.detail,
          boost: -index, // in the order they came: those made for this text first
          apply: (view, _completion, from, to) => {
            const until = closed ? to + 2 : to
            view.dispatch({
              changes: { from, to: until, insert: name + end },
              selection: EditorSelection.cursor(from + name.length + 2),
              userEvent: 'input.complete',
            })
          },
        }
      }),
    }
  }
}

/** wrap puts marks around what is selected, or takes them away. */
function wrap(mark: string) {
  return (view: EditorView): boolean => {
    const { from, to } = view.state.selection.main
    const size = mark.length
    const around =
      view.state.sliceDoc(from - size, from) === mark && view.state.sliceDoc(to, to + size) === mark
    view.dispatch(
      around
        ? {
            changes: [
              { from: from - size, to: from },
              { from: to, to: to + size },
            ],
            userEvent: 'input.mark',
          }
        : {
            changes: [
              { from, insert: mark },
              { from: to, insert: mark },
            ],
            selection: EditorSelection.range(from + size, to + size),
            userEvent: 'input.mark',
          },
    )
    return true
  }
}

/** alike says whether two fields differ only in their words: then nothing of the editor has to be made anew. */
function alike(one: WordField, other: WordField): boolean {
  return JSON.stringify({ ...one, text: '' }) === JSON.stringify({ ...other, text: '' })
}

interface Options extends WordFieldKeys {
  onchange: (text: string) => void
}

export interface Field {
  /** show turns to another field; undo of the field that was left stays possible when one comes back. */
  show: (field: WordField) => void
  mark: (marks: readonly WordMark[]) => void
  insert: (text: string) => void
  emphasize: (mark: string) => void
  reveal: (from: number, to: number) => void
  focus: () => void
  close: () => void
}

export function open(parent: HTMLElement, first: WordField, options: Options): Field {
  const states = new Map<string, EditorState>()
  const about = new Compartment()
  let shown = first
  const view = new EditorView({ parent, state: fresh(first) })

  function facts(field: WordField): Extension {
    return [
      EditorView.contentAttributes.of({
        'aria-label': field.label,
        'aria-multiline': String(!field.single),
        ...(field.describedby ? { 'aria-describedby': field.describedby } : {}),
        lang: field.lang,
        dir: field.rtl ? 'rtl' : 'ltr',
        spellcheck: 'true',
      }),
      autocompletion({
        override: [complete(field.variables)],
        icons: false,
        tooltipClass: () => 'cm-offers',
      }),
      painted(variable),
      field.marks ? painted(emphasis) : [],
      field.single ? EditorView.clipboardInputFilter.of((text) => text.replace(/\s*\n\s*/g, ' ')) : [],
      Prec.high(
        keymap.of([
          ...(field.single ? [{ key: 'Enter', run: () => (options.onnext(), true) }] : []),
          ...(field.marks
            ? [
                { key: 'Mod-b', run: wrap('**') },
                { key: 'Mod-i', run: wrap('*') },
              ]
            : []),
        ]),
      ),
    ]
  }

  function fresh(field: WordField): EditorState {
    return EditorState.create({
      doc: field.text,
      selection: EditorSelection.cursor(field.text.length),
      extensions: [
        about.of(facts(field)),
        history(),
        EditorView.lineWrapping,
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((one) => one.isUserEvent('outside'))) {
            options.onchange(update.state.doc.toString())
          }
        }),
        Prec.highest(
          keymap.of([
            { key: 'Tab', run: acceptCompletion },
            { key: 'Mod-Enter', run: () => (options.onnext(), true) },
            { key: 'Shift-Mod-Enter', run: () => (options.onprevious(), true) },
          ]),
        ),
        keymap.of([
          ...completionKeymap,
          ...historyKeymap,
          ...defaultKeymap.filter((one) => one.key !== 'Mod-Enter' && one.key !== 'Escape'),
          { key: 'Escape', run: () => (options.onleave(), true) },
        ]),
      ],
    })
  }

  return {
    show(field) {
      if (field.id !== shown.id) {
        states.set(shown.id, view.state)
        view.setState(states.get(field.id) ?? fresh(field))
        view.dispatch({ effects: about.reconfigure(facts(field)) })
      } else if (!alike(field, shown)) {
        view.dispatch({ effects: about.reconfigure(facts(field)) })
      }
      shown = field
      const now = view.state.doc.toString()
      if (now !== field.text) {
        view.dispatch({ changes: { from: 0, to: now.length, insert: field.text }, userEvent: 'outside' })
      }
    },
    mark(marks) {
      const end = view.state.doc.length
      const inside = (at: number) => Math.max(0, Math.min(at, end))
      view.dispatch(
        setDiagnostics(
          view.state,
          marks.map((one) => ({
            from: inside(one.from),
            to: inside(one.to),
            message: one.text,
            severity: one.blocking ? 'error' : 'warning',
          })),
        ),
      )
    },
    insert(text) {
      view.dispatch(view.state.replaceSelection(text), { userEvent: 'input', scrollIntoView: true })
      view.focus()
    },
    emphasize(mark) {
      wrap(mark)(view)
      view.focus()
    },
    reveal(from, to) {
      const end = view.state.doc.length
      view.dispatch({
        selection: { anchor: Math.min(from, end), head: Math.min(to, end) },
        scrollIntoView: true,
      })
      view.focus()
    },
    focus: () => view.focus(),
    close: () => view.destroy(),
  }
}
