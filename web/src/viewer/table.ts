import { codePoints } from './offsets.ts';

/** A cell and the code point offset in the document at which its text begins. */
export type Cell = { text: string; start: number };

const rule = /^[\s|:+-]*-[\s|:+-]*$/;

/** Reads a table block: one row a line, cells divided by tabs, or by pipes where there are none. */
export function readTable(text: string, start: number): Cell[][] {
  const divider = text.includes('\t') ? '\t' : '|';
  const rows: Cell[][] = [];
  let at = start;
  for (const line of text.split('\n')) {
    if (line.trim() !== '' && !rule.test(line)) rows.push(readRow(line, at, divider));
    at += codePoints(line) + 1;
  }
  return rows;
}

function readRow(line: string, start: number, divider: string): Cell[] {
  const cells: Cell[] = [];
  let at = start;
  for (const part of line.split(divider)) {
    const text = part.trim();
    cells.push({ text, start: at + codePoints(part.slice(0, part.indexOf(text))) });
    at += codePoints(part) + 1;
  }
  return divider === '|' ? withoutFrame(cells) : cells;
}

/** `| a | b |` has an empty cell at either end, which is the frame. */
function withoutFrame(cells: Cell[]): Cell[] {
  if (cells.length < 3 || cells[0]?.text !== '' || cells.at(-1)?.text !== '') return cells;
  return cells.slice(1, -1);
}
