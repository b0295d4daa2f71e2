import { describe, expect, it } from 'vitest';
import type { Omission } from '../api/types.ts';
import { omissionTexts as en } from '../i18n/omissions.en.ts';
import { omissionTexts as zh } from '../i18n/omissions.zh.ts';
import { describeOmission } from './omissions.ts';

const omission = (change: Partial<Omission>): Omission => ({
  part: 'pages',
  count: 261,
  pages: [
    [3, 3],
    [41, 300],
  ],
  code: 'document_too_large',
  detail: '',
  retryable: false,
  ...change,
});

describe('what was not read', () => {
  it('names pages and the reason', () => {
    expect(describeOmission(omission({}), en)).toBe(
      'Pages 3, 41–300 not read: more than this server reads of one document.',
    );
    expect(describeOmission(omission({}), zh)).toBe(
      '第 3, 41–300 页未读取：超过服务器对单个文档的读取上限。',
    );
  });

  it('counts what is too scattered to be named, or has no numbers', () => {
    const scattered = Array.from({ length: 9 }, (_, n): [number, number] => [n * 2, n * 2]);
    expect(describeOmission(omission({ count: 9, pages: scattered }), en)).toMatch(/^9 pages not/);
    expect(describeOmission(omission({ part: 'pictures', count: 1 }), en)).toMatch(/^1 picture /);
  });

  it('has words for a reason that it does not know', () => {
    expect(describeOmission(omission({ code: 'new' }), en)).toMatch(/: the reader failed at it.$/);
  });
});
