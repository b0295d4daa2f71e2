import type { Citation } from '../api/types.ts';

/** An answer as plain text for the clipboard: the text, then its numbered sources. */
export function answerAsText(
  text: string,
  citations: Citation[],
  pageLabel: (page: number) => string,
): string {
  const sources = citations.map(({ number, document_name, page }) => {
    const where = page === null ? '' : `, ${pageLabel(page)}`;
    return `[${number}] ${document_name}${where}`;
  });
  return [text.trim(), sources.join('\n')].filter(Boolean).join('\n\n');
}
