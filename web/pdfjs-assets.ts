// What pdf.js fetches while it draws: character maps (Chinese PDFs), stand-ins for the fourteen
// standard fonts, and the JPEG 2000 decoder without WebAssembly (so the policy stays `script-src
// 'self'`). They are shipped unchanged under a folder that carries the library's version.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);
const library = dirname(require.resolve('pdfjs-dist/package.json'));
const { version } = require('pdfjs-dist/package.json') as { version: string };
const folder = `pdfjs-${version}`;
const wanted = {
  cmaps: /./,
  standard_fonts: /./,
  wasm: /^(openjpeg_nowasm_fallback\.js|LICENSE.*OPENJPEG)$/,
};

function files(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [sub, pattern] of Object.entries(wanted)) {
    for (const name of readdirSync(join(library, sub)).filter((n) => pattern.test(n))) {
      found.set(`${folder}/${sub}/${name}`, join(library, sub, name));
    }
  }
  return found;
}

export function pdfjsAssets(): Plugin {
  return {
    name: 'pdfjs-assets',
    config: () => ({ define: { __PDFJS_FOLDER__: JSON.stringify(folder) } }),
    configureServer(server) {
      const served = files();
      server.middlewares.use((request, response, next) => {
        const path = served.get((request.url ?? '').slice(1));
        if (path === undefined) next();
        else response.end(readFileSync(path));
      });
    },
    generateBundle() {
      for (const [fileName, path] of files()) {
        this.emitFile({ type: 'asset', fileName, source: readFileSync(path) });
      }
    },
  };
}
