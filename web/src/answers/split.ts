export type Piece = { kind: 'text'; text: string } | { kind: 'citation'; number: number };

/** An answer as paragraphs of lines of pieces; `[2]` and `[2, 3]` become citation pieces. */
export type Paragraph = Piece[][];

const marker = /[[【]\s*(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\s*[\]】]/g;

/**
 * Splits an answer for display. It stays text throughout: nothing in it is read as markup.
 * @param known the citations that exist; a number that names none stays text
 */
export function splitAnswer(answer: string, known: ReadonlySet<number>): Paragraph[] {
  return answer
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => paragraph.split('\n').map((line) => splitLine(line, known)));
}

function splitLine(line: string, known: ReadonlySet<number>): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of line.matchAll(marker)) {
    const numbers = (match[1] ?? '').split(/[,，、]/).map(Number);
    if (!numbers.every((number) => known.has(number))) continue;
    if (match.index > at) pieces.push({ kind: 'text', text: line.slice(at, match.index) });
    pieces.push(...numbers.map((number) => ({ kind: 'citation' as const, number })));
    at = match.index + match[0].length;
  }
  if (at < line.length) pieces.push({ kind: 'text', text: line.slice(at) });
  return pieces;
}
