import type { Omission } from '../api/types.ts';
import type { omissionTexts } from '../i18n/omissions.en.ts';

const namedMax = 5;

/** What was not read and why, in a sentence. */
export function describeOmission(omission: Omission, words: typeof omissionTexts): string {
  const reasons: Partial<Record<string, string>> = words.reasons;
  return `${what(omission, words)} ${reasons[omission.code] ?? words.otherReason}`.replace(
    '： ',
    '：',
  );
}

function what({ part, count, pages }: Omission, words: typeof omissionTexts): string {
  if (part === 'pages') return words.pages(count, pages.length > namedMax ? '' : named(pages));
  return part === 'pictures' ? words.pictures(count) : words.attachments(count);
}

const named = (pages: Omission['pages']): string =>
  pages.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(', ');
