import * as api from '../api/endpoints.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import type { DocumentStatus, SourceDocument } from '../api/types.ts';

export const pageSize = 50;
const soonMs = 1000;
const laterMs = 4000;

export const unfinished = ['queued', 'processing'] as const;
export const failed = ['failed'] as const;

type Options = {
  shared?: boolean;
  statuses?: readonly DocumentStatus[];
  /** Called when a document was cancelled or put back. */
  changed?: () => void;
};

/** One page of documents (for null of all collections), kept fresh by one list request while work goes on. */
export class DocumentList {
  items = $state<SourceDocument[] | null>(null);
  total = $state(0);
  problem = $state<Problem | null>(null);
  next = $state<string | null>(null);
  /** Cursors of the pages before this one, the first page's being null. */
  before = $state<(string | null)[]>([]);
  #cursor: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitMs = soonMs;
  #loading = false;
  #stale = false;
  #closed = false;

  readonly #wanted: api.Listing;
  readonly #changed: () => void;

  constructor(collection: string | null, options: Options = {}) {
    const { shared = false, statuses = [], changed = () => {} } = options;
    this.#wanted = { collection, shared, statuses };
    this.#changed = changed;
  }

  /** Index of the first document shown, from 0. */
  get first(): number {
    return this.before.length * pageSize;
  }

  /** Loads the page; asked again meanwhile, it loads once more, never twice at a time. */
  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stale = true;
    if (this.#loading) return;
    this.#loading = true;
    while (this.#stale) await this.#fetch();
    this.#loading = false;
    this.#plan();
  }

  async #fetch(): Promise<void> {
    this.#stale = false;
    const cursor = this.#cursor;
    try {
      const page = await api.listDocuments(this.#wanted, cursor, pageSize);
      if (cursor === this.#cursor) this.#show(page.items, page.total, page.next_cursor);
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  /** Reloads now and polls quickly again: something has just been added or retried. */
  async hurry(): Promise<void> {
    this.#waitMs = soonMs;
    await this.load();
  }

  async forward(): Promise<void> {
    if (this.next === null) return;
    this.before.push(this.#cursor);
    this.#cursor = this.next;
    await this.load();
  }

  async back(): Promise<void> {
    const cursor = this.before.pop();
    if (cursor === undefined) return;
    this.#cursor = cursor;
    await this.load();
  }

  async remove(id: string): Promise<void> {
    await api.deleteDocument(id);
    this.items = this.items?.filter((item) => item.id !== id) ?? null;
    this.total--;
    if (this.items?.length === 0 && this.before.length > 0) await this.back();
    else await this.load();
  }

  async retry(id: string): Promise<void> {
    await api.retryDocument(id);
    this.#changed();
    await this.hurry();
  }

  async cancel(id: string): Promise<void> {
    await api.cancelDocument(id);
    this.#changed();
    await this.hurry();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #show(items: SourceDocument[], total: number, next: string | null): void {
    const moved = JSON.stringify(items) !== JSON.stringify(this.items);
    this.#waitMs = moved ? soonMs : Math.min(this.#waitMs * 1.5, laterMs);
    this.items = items;
    this.total = total;
    this.next = next;
  }

  /** The next request: only while something is in progress and somebody can see it. */
  #plan(): void {
    if (this.#closed) return;
    const busy = this.items?.some((item) => isBusy(item)) ?? false;
    if (!busy && this.problem === null) return;
    const look = () => (document.hidden ? this.#plan() : void this.load());
    this.#timer = setTimeout(look, this.problem ? laterMs : this.#waitMs);
  }
}

export function isBusy(item: SourceDocument): boolean {
  return item.status === 'queued' || item.status === 'processing';
}
