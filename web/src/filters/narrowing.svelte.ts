import type { Filters } from '../api/types.ts';

export const choices = ['types', 'years', 'tags', 'authors', 'languages'] as const;
export type Choice = (typeof choices)[number];
export type Chosen = Record<Choice, string[]>;

const nothing = (): Chosen => ({ types: [], years: [], tags: [], authors: [], languages: [] });
const some = <T>(values: T[]) => (values.length > 0 ? values : undefined);

/** What a search or a question is narrowed to; values of one kind are alternatives. */
export class Narrowing {
  chosen = $state<Chosen>(nothing());
  /** Days as a date input writes them, empty for none. */
  from = $state('');
  to = $state('');

  /** How many properties are narrowed; both days and the years are one. */
  get count(): number {
    const { years, ...others } = this.chosen;
    const dated = years.length > 0 || this.from !== '' || this.to !== '';
    return Object.values(others).filter((values) => values.length > 0).length + Number(dated);
  }

  get filters(): Filters {
    const { types, years, tags, authors, languages } = this.chosen;
    return {
      types: some(types),
      years: some(years.map(Number)),
      tags: some(tags),
      authors: some(authors),
      languages: some(languages),
      dated_from: this.from || undefined,
      dated_to: this.to || undefined,
    };
  }

  clear(): void {
    this.chosen = nothing();
    this.from = this.to = '';
  }
}
