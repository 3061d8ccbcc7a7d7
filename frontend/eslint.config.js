import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

// The house's import rules, each with its reason, so that a reader of the error knows what to do instead.
const generated = {
  group: ['~/backend/generated', '**/backend/generated'],
  message: 'Only src/backend knows the generated types. Use the names that ~/backend/types gives them.',
}
const features = {
  group: ['~/features/*', '../*'],
  message: 'A feature does not know another. What two of them need belongs to ui, actions, words or backend.',
}
const upstairs = {
  group: ['~/*', '!~/style/*', '../*'],
  message: 'ui knows no MDM and no words: hand values in as props.',
}
const network = {
  name: 'fetch',
  message: 'Only src/backend talks to the server.',
}

export default ts.config(
  { ignores: ['dist/', 'test-results/', 'src/backend/generated.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...ts.configs.stylistic,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': 'off', // both read well where they stand
      'no-restricted-imports': ['error', { patterns: [generated] }],
      'no-restricted-globals': ['error', network],
      'svelte/no-navigation-without-resolve': 'off', // that is SvelteKit's router; ours is ~/routes
      'svelte/prefer-svelte-reactivity': 'off', // our sets and maps are replaced as a whole ($state.raw), never changed
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  {
    files: ['src/backend/**'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-globals': 'off' },
  },
  {
    files: ['src/features/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [generated, features] }] },
  },
  {
    files: ['src/ui/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [upstairs] }] },
  },
  {
    files: ['tests/**', '*.config.*'],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'no-restricted-globals': 'off' },
  },
)
