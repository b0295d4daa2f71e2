// What the tables of evaluations share: which rows, in which order, and how numbers are written.

const order = [
  'ndcg@10',
  'mrr@10',
  'recall@1',
  'recall@5',
  'recall@10',
  'exact',
  'f1',
  'held',
  'citation_precision',
  'citation_recall',
  'refused_unanswerable',
  'refused_answerable',
] as const;
export type MeasureName = (typeof order)[number];
export type GroupName = 'all' | 'en' | 'zh';

/** The measures that there are, in the order of every table. */
export function measures<T>(found: Record<string, T>): [MeasureName, T][] {
  return order.flatMap((name) => (found[name] === undefined ? [] : [[name, found[name]]]));
}

/** The groups that there are; one that is all of it is not repeated. */
export function groups<T>(found: Record<string, T>): [GroupName, T][] {
  const names = (['all', 'en', 'zh'] as const).filter((name) => found[name] !== undefined);
  const chosen = names.length === 2 ? names.slice(0, 1) : names;
  return chosen.flatMap((name) => (found[name] === undefined ? [] : [[name, found[name]]]));
}

/** Refusing what could be answered is the one measure that should fall. */
export function isBetter(name: MeasureName, difference: number): boolean {
  return name === 'refused_answerable' ? difference < 0 : difference > 0;
}

export const percent = (value: number): string => (value * 100).toFixed(1);
export const signed = (value: number): string =>
  `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`;
