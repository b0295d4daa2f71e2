// The server counts code points; JavaScript strings count UTF-16 units. Only text with characters
// beyond the basic plane (rare Han characters, emoji) makes a difference.

/** The string index of a code point offset; offsets past the end give the end. */
export function toIndex(text: string, codePoints: number): number {
  let index = 0;
  for (let seen = 0; seen < codePoints && index < text.length; seen++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

/** How many code points the string has. */
export function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}

/** A stretch of a document's text, in code points. */
export type Span = { start: number; end: number };

/** `text`, which begins at `start`, as what is before, inside and after the marked span. */
export function cut(text: string, start: number, marked: Span | null): [string, string, string] {
  if (marked === null) return [text, '', ''];
  const from = toIndex(text, marked.start - start);
  const to = Math.max(from, toIndex(text, marked.end - start));
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}
