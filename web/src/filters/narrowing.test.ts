import { describe, expect, it } from 'vitest';
import { Narrowing } from './narrowing.svelte.ts';

describe('a narrowing', () => {
  it('sends nothing when nothing is chosen', () => {
    expect(JSON.stringify(new Narrowing().filters)).toBe('{}');
  });

  it('sends years as numbers and leaves out what is empty', () => {
    const narrowing = new Narrowing();
    narrowing.chosen.years = ['2025', '2026'];
    narrowing.chosen.tags = ['legal'];
    narrowing.to = '2026-11-22';
    const sent: unknown = JSON.parse(JSON.stringify(narrowing.filters));
    expect(sent).toEqual({ years: [2025, 2026], tags: ['legal'], dated_to: '2026-11-22' });
  });

  it('counts days and years as one property', () => {
    const narrowing = new Narrowing();
    narrowing.chosen.years = ['2025'];
    narrowing.from = '2025-02-01';
    expect(narrowing.count).toBe(1);
    narrowing.chosen.types = ['pdf', 'mail'];
    expect(narrowing.count).toBe(2);
    narrowing.clear();
    expect(narrowing.count).toBe(0);
  });
});
