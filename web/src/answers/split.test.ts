import { describe, expect, it } from 'vitest';
import { splitAnswer } from './split.ts';

const known = new Set([1, 2, 12]);
const text = (value: string) => ({ kind: 'text', text: value });
const citation = (number: number) => ({ kind: 'citation', number });

describe('splitAnswer', () => {
  it('turns markers into citations, in English and in Chinese', () => {
    expect(splitAnswer('Paid yearly. [1] Then more. [12]', known)).toEqual([
      [[text('Paid yearly. '), citation(1), text(' Then more. '), citation(12)]],
    ]);
    expect(splitAnswer('每年支付。[2]', known)).toEqual([[[text('每年支付。'), citation(2)]]]);
  });

  it('reads several numbers in one marker', () => {
    expect(splitAnswer('A [1, 2] and 【1，2】', known)).toEqual([
      [[text('A '), citation(1), citation(2), text(' and '), citation(1), citation(2)]],
    ]);
  });

  it('leaves a number without a citation as text', () => {
    expect(splitAnswer('see [3] and [1, 3] and [x]', known)).toEqual([
      [[text('see [3] and [1, 3] and [x]')]],
    ]);
  });

  it('keeps paragraphs and lines', () => {
    expect(splitAnswer('a\nb\n\n\nc [1]\n', known)).toEqual([
      [[text('a')], [text('b')]],
      [[text('c '), citation(1)], []],
    ]);
  });

  it('never reads markup', () => {
    const hostile = '<img src=x onerror=alert(1)> [a](javascript:alert(1))';
    expect(splitAnswer(hostile, known)).toEqual([[[text(hostile)]]]);
  });

  it('makes nothing of nothing', () => {
    expect(splitAnswer('', known)).toEqual([]);
    expect(splitAnswer(' \n\n ', known)).toEqual([]);
  });
});
