import { describe, expect, it } from 'vitest';
import { codePoints, cut, toIndex } from './offsets.ts';
import { readTable } from './table.ts';

describe('offsets', () => {
  it('count code points, not UTF-16 units', () => {
    const text = 'a😀𠀀中b';
    expect(codePoints(text)).toBe(5);
    expect([0, 1, 2, 3, 4, 5, 9].map((n) => toIndex(text, n))).toEqual([0, 1, 3, 5, 6, 7, 7]);
  });

  it('cut out the marked span', () => {
    expect(cut('😀中文字', 10, { start: 11, end: 13 })).toEqual(['😀', '中文', '字']);
    expect(cut('abc', 10, { start: 0, end: 11 })).toEqual(['', 'a', 'bc']);
    expect(cut('abc', 10, { start: 12, end: 99 })).toEqual(['ab', 'c', '']);
    expect(cut('abc', 10, { start: 0, end: 5 })).toEqual(['', '', 'abc']);
    expect(cut('abc', 10, null)).toEqual(['abc', '', '']);
  });
});

describe('readTable', () => {
  it('reads tabs, keeping empty cells and pipes', () => {
    expect(readTable('a\t\tc|d\n1\t2\t3', 0)).toEqual([
      [
        { text: 'a', start: 0 },
        { text: '', start: 2 },
        { text: 'c|d', start: 3 },
      ],
      [
        { text: '1', start: 7 },
        { text: '2', start: 9 },
        { text: '3', start: 11 },
      ],
    ]);
  });

  it('reads pipes with a frame and a rule', () => {
    expect(readTable('| a | 中😀 |\n|---|:-:|\n| 1 | 2 |', 100)).toEqual([
      [
        { text: 'a', start: 102 },
        { text: '中😀', start: 106 },
      ],
      [
        { text: '1', start: 123 },
        { text: '2', start: 127 },
      ],
    ]);
  });

  it('takes a table without dividers as one column', () => {
    expect(readTable('a\nb', 0).map((row) => row.length)).toEqual([1, 1]);
  });
});
