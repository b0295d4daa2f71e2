import * as api from '../api/endpoints.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import type { Collection } from '../api/types.ts';
import { session } from './session.svelte.ts';

/** The collections this person may see; null until they have been fetched once. */
class Collections {
  items = $state<Collection[] | null>(null);
  problem = $state<Problem | null>(null);

  constructor() {
    session.onForget(() => (this.items = null));
  }

  find(id: string): Collection | undefined {
    return this.items?.find((item) => item.id === id);
  }

  async load(): Promise<void> {
    try {
      this.items = (await api.listCollections()).items;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  async create(name: string): Promise<Collection> {
    const created = await api.createCollection(name);
    await this.load();
    return created;
  }

  async remove(id: string): Promise<void> {
    await api.deleteCollection(id);
    await this.load();
  }
}

export const collections = new Collections();
