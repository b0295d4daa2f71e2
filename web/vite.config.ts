import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { pdfjsAssets } from './pdfjs-assets.ts';

const API = process.env.SOURCEBOOK_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  // Relative addresses: the page works behind any path prefix.
  base: './',
  plugins: [svelte(), pdfjsAssets()],
  build: {
    outDir: '../api/static',
    emptyOutDir: true,
    target: 'es2022',
    // A data: address would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      // The page, and the API reference that the server shows at /docs.
      input: ['index.html', 'docs.html'],
      output: {
        // The pdf.js worker ends in .mjs, which not every server knows to be JavaScript.
        assetFileNames: ({ names }) =>
          names.some((name) => name.endsWith('.mjs'))
            ? 'assets/[name]-[hash].js'
            : 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: { proxy: { '/v1': API } },
  test: { include: ['src/**/*.test.ts'] },
});
