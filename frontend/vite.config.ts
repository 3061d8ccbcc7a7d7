import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// While developing, the screens talk to a server that runs beside them: `gatehoused demo` prints its address and token.
const server = process.env['GATEHOUSE_ADMIN'] ?? 'http://127.0.0.1:8444'

export default defineConfig({
  plugins: [svelte()],
  base: './', // the window serves the files from wails://wails/, a browser from the admin listener
  resolve: {
    alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) },
    // Under vitest the components must be the browser's, not the ones for rendering on a server.
    ...(process.env['VITEST'] ? { conditions: ['browser'] } : {}),
  },
  build: {
    target: 'safari16', // WKWebView of macOS 12 and later, WebKitGTK, WebView2
    assetsInlineLimit: 0, // the content policy allows our own files only, no data: scripts
    chunkSizeWarningLimit: 900,
  },
  server: {
    // The server answers only pages that come from itself.
    proxy: { '/api': { target: server, changeOrigin: true, secure: false, headers: { origin: server } } },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
  },
})
