import * as api from '../api/endpoints.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import type { Queue } from '../api/types.ts';

const soonMs = 2000;
const laterMs = 10_000;

/** The counts of the queue, kept fresh while somebody looks at them; null means everywhere. */
export class QueueState {
  queue = $state<Queue | null>(null);
  problem = $state<Problem | null>(null);
  /** How many documents the last retry put back. */
  retried = $state<number | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(readonly collection: string | null) {}

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.queue = await api.getQueue(this.collection);
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
    this.#plan();
  }

  /** Tries again what failed for one reason, for null all that was given up. */
  async retry(code: string | null): Promise<void> {
    let [total, remaining] = [0, 1];
    while (remaining > 0) {
      const answer = await api.retryFailed(this.collection, code);
      total += answer.retried;
      remaining = answer.retried > 0 ? answer.remaining : 0;
    }
    this.retried = total;
    await this.load();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  get #busy(): boolean {
    const running = Object.values(this.queue?.running ?? {}).some((count) => count > 0);
    return running || (this.queue?.waiting ?? 0) > 0;
  }

  #plan(): void {
    if (this.#closed) return;
    const look = () => (document.hidden ? this.#plan() : void this.load());
    this.#timer = setTimeout(look, this.#busy ? soonMs : laterMs);
  }
}
