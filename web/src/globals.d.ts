/** Folder, beside index.html, of the files that pdf.js fetches (see pdfjs-assets.ts). */
declare const __PDFJS_FOLDER__: string;
