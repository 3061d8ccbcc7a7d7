/**
 * The few words that widgets themselves say. This folder knows no language; the shell fills these in when the
 * language is chosen.
 */
export const labels = $state({
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  undo: 'Undo',
  retry: 'Try again',
  loading: 'Loading',
  show: 'Show',
  hide: 'Hide',
  optional: 'optional',
  choose: 'Choose a file…',
  drop: 'or drop it here',
  notifications: 'Notices',
  resize: 'Resize',
  columns: 'Columns',
  columnsHelp: 'Drag, or press Alt and the arrow keys',
  reset: 'Reset',
  clear: 'Clear the selection',
})
