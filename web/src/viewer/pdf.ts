// Everything that touches pdf.js. Imported on demand only: it is larger than the rest of the page.
import {
  getDocument,
  GlobalWorkerOptions,
  TextLayer,
  type PDFDocumentProxy,
  type PDFPageProxy,
} from 'pdfjs-dist/legacy/build/pdf.mjs';
import workerAddress from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url';

GlobalWorkerOptions.workerSrc = workerAddress;

const canvasPixelsMax = 16_000_000;
const rangeBytes = 512 * 1024;

export type Pdf = PDFDocumentProxy;

/** Opens a PDF, fetching only the parts of the file that the shown pages need. */
export function openPdf(address: string): Promise<Pdf> {
  const beside = (folder: string) =>
    new URL(`./${__PDFJS_FOLDER__}/${folder}/`, document.baseURI).href;
  return getDocument({
    url: new URL(address, document.baseURI).href,
    cMapUrl: beside('cmaps'),
    cMapPacked: true,
    standardFontDataUrl: beside('standard_fonts'),
    wasmUrl: beside('wasm'),
    // Neither eval nor WebAssembly, so that `script-src 'self'` is enough.
    isEvalSupported: false,
    useWasm: false,
    disableStream: true,
    disableAutoFetch: true,
    rangeChunkSize: rangeBytes,
  }).promise;
}

/** Where a page is drawn: pixels on the canvas, selectable text above it. */
export type Sheet = { canvas: HTMLCanvasElement; text: HTMLElement };

/** A page being drawn; `cancel` may be called at any time, also afterwards. */
export type Drawing = { done: Promise<void>; cancel: () => void };

/** Draws a page so that it is `width` CSS pixels wide. */
export function drawPage(page: PDFPageProxy, sheet: Sheet, width: number): Drawing {
  const scale = width / page.getViewport({ scale: 1 }).width;
  const viewport = page.getViewport({ scale });
  const limit = Math.sqrt(canvasPixelsMax / (viewport.width * viewport.height));
  const density = Math.min(devicePixelRatio || 1, limit);
  const canvas = document.createElement('canvas');
  canvas.width = Math.floor(viewport.width * density);
  canvas.height = Math.floor(viewport.height * density);
  const render = page.render({ canvas, viewport, transform: [density, 0, 0, density, 0, 0] });

  sheet.text.replaceChildren();
  sheet.text.style.setProperty('--total-scale-factor', String(scale));
  const text = new TextLayer({
    textContentSource: page.streamTextContent(),
    container: sheet.text,
    viewport,
  });
  const done = Promise.all([render.promise.then(() => show(canvas, sheet.canvas)), text.render()]);
  return {
    done: done.then(() => {}),
    cancel: () => {
      render.cancel();
      text.cancel();
    },
  };
}

/** Copies the finished page in one go, so that the old one stays until then. */
function show(from: HTMLCanvasElement, to: HTMLCanvasElement): void {
  to.width = from.width;
  to.height = from.height;
  to.getContext('2d')?.drawImage(from, 0, 0);
}

export function wasCancelled(error: unknown): boolean {
  return (
    error instanceof Error && ['RenderingCancelledException', 'AbortException'].includes(error.name)
  );
}
