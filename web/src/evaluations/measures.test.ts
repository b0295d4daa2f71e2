import { describe, expect, it } from 'vitest';
import { groups, isBetter, measures, percent, signed } from './measures.ts';

describe('tables of evaluations', () => {
  it('keep one order and leave out what was not measured', () => {
    expect(measures({ f1: 1, 'ndcg@10': 2, unknown: 3 })).toEqual([
      ['ndcg@10', 2],
      ['f1', 1],
    ]);
  });

  it('show languages only when there are two', () => {
    expect(groups({ zh: 1, all: 2 }).map(([name]) => name)).toEqual(['all']);
    expect(groups({ zh: 1, all: 2, en: 3 }).map(([name]) => name)).toEqual(['all', 'en', 'zh']);
  });

  it('know which way is better', () => {
    expect(isBetter('f1', 0.1)).toBe(true);
    expect(isBetter('refused_answerable', 0.1)).toBe(false);
    expect(isBetter('refused_unanswerable', 0.1)).toBe(true);
  });

  it('write percentages and differences', () => {
    expect(percent(0.3349)).toBe('33.5');
    expect(signed(-0.02)).toBe('−2.0');
    expect(signed(0)).toBe('+0.0');
  });
});
