import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import { problemTexts } from './problems.ts';
import { zh } from './zh.ts';

type Leaf = [path: string, text: string];

function leaves(tree: object, prefix = ''): Leaf[] {
  return Object.entries(tree).flatMap(([key, value]): Leaf[] => {
    if (typeof value === 'object' && value !== null) return leaves(value, `${prefix}${key}.`);
    return [[prefix + key, typeof value === 'function' ? value(1234, 2345, 3456) : value]];
  });
}

describe('dictionaries', () => {
  it('have the same keys', () => {
    const keys = (tree: object) => leaves(tree).map(([path]) => path);
    expect(keys(zh)).toEqual(keys(en));
  });

  it('have a text for every key, in the right script', () => {
    const latin = new Set(['app.name']);
    for (const [path, text] of leaves(en)) expect(text, path).toMatch(/^[^一-鿿]+$/);
    for (const [path, text] of leaves(zh)) {
      if (!latin.has(path)) expect(text, path).toMatch(/[一-鿿]/);
    }
  });

  it('write singular and plural', () => {
    expect(en.documents.total(1)).toBe('1 document');
    expect(en.documents.total(1234)).toBe('1,234 documents');
    expect(zh.documents.total(1234)).toBe('共 1,234 个文档');
  });

  it('explain problems in whole sentences', () => {
    for (const [code, text] of Object.entries(problemTexts)) {
      expect(code).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
      expect(text.en ?? 'The server says it.', code).toMatch(/^[A-Z][^一-鿿]+[.]$/);
      expect(text.zh, code).toMatch(/[一-鿿].*。$/);
    }
  });
});
