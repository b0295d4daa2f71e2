import { asProblem, Problem } from '../api/problem.ts';
import { uploadDocument } from '../api/upload.ts';
import { session } from '../state/session.svelte.ts';

type State = 'waiting' | 'sending' | 'sent' | 'duplicate' | 'failed';

/** One file on its way to a collection. */
export class Upload {
  state = $state<State>('waiting');
  /** Fraction sent, 0..1. */
  sent = $state(0);
  problem = $state<Problem | null>(null);
  readonly abort = new AbortController();

  constructor(
    readonly id: number,
    readonly file: File,
    readonly collection: string,
  ) {}
}

const atOnce = 3;

/** All uploads of this tab; they go on while the person visits other pages. */
class Uploads {
  items = $state<Upload[]>([]);
  /** Counts the documents the server has accepted; lists watch it to know when to reload. */
  accepted = $state(0);
  #next = 1;

  constructor() {
    session.onForget(() => this.#clear());
    addEventListener('beforeunload', (event) => {
      if (this.items.some((item) => isOpen(item))) event.preventDefault();
    });
  }

  of(collection: string): Upload[] {
    return this.items.filter((item) => item.collection === collection);
  }

  add(files: Iterable<File>, collection: string): void {
    if (!this.items.some(isOpen)) this.items = this.items.filter((item) => item.state !== 'sent');
    for (const file of files) {
      const item = new Upload(this.#next++, file, collection);
      this.items.push(item);
      this.#refuseEarly(item);
    }
    this.#start();
  }

  retry(item: Upload): void {
    this.dismiss(item);
    this.add([item.file], item.collection);
  }

  /** Takes an upload off the list, breaking it off if it is under way. */
  dismiss(item: Upload): void {
    item.abort.abort();
    this.items = this.items.filter((other) => other.id !== item.id);
  }

  dismissFinished(collection: string): void {
    this.items = this.items.filter((item) => item.collection !== collection || isOpen(item));
  }

  /** What can be known without sending a byte. */
  #refuseEarly(item: Upload): void {
    const max = session.about?.upload_bytes_max ?? Infinity;
    const code = item.file.size === 0 ? 'file_empty' : 'file_too_large';
    if (item.file.size > 0 && item.file.size <= max) return;
    item.problem = new Problem(413, code);
    item.state = 'failed';
  }

  #start(): void {
    let free = atOnce - this.items.filter((item) => item.state === 'sending').length;
    for (const item of this.items.filter((one) => one.state === 'waiting')) {
      if (free-- <= 0) return;
      void this.#send(item);
    }
  }

  async #send(item: Upload): Promise<void> {
    item.state = 'sending';
    const progress = (fraction: number) => (item.sent = fraction);
    try {
      const { file, collection, abort } = item;
      const document = await uploadDocument(file, collection, progress, abort.signal);
      item.state = document.duplicate ? 'duplicate' : 'sent';
      this.accepted++;
    } catch (error) {
      item.problem = asProblem(error);
      item.state = 'failed';
    }
    this.#start();
  }

  #clear(): void {
    for (const item of this.items) item.abort.abort();
    this.items = [];
  }
}

export function isOpen(item: Upload): boolean {
  return item.state === 'waiting' || item.state === 'sending';
}

export const uploads = new Uploads();
