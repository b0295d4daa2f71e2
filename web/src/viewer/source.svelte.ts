import { tick } from 'svelte';
import type { Box } from '../api/types.ts';
import { session } from '../state/session.svelte.ts';
import type { Span } from './offsets.ts';

/** A document to show, and the passage in it to point at, if any. */
export type Source = {
  documentId: string;
  name: string;
  page: number | null;
  boxes: Box[];
  marked: Span | null;
  quote: string | null;
};

/** What the panel beside the page shows. */
class SourcePanel {
  current = $state.raw<Source | null>(null);
  #opener: HTMLElement | null = null;

  constructor() {
    session.onForget(() => (this.current = null));
    addEventListener('hashchange', () => (this.current = null));
  }

  open(source: Source): void {
    if (document.activeElement instanceof HTMLElement) this.#opener = document.activeElement;
    this.current = source;
  }

  /** Closes the panel and gives the focus back to what opened it. */
  async close(): Promise<void> {
    const opener = this.#opener;
    this.current = null;
    this.#opener = null;
    // The page may have been inert until the panel was gone.
    await tick();
    opener?.focus();
  }
}

export const panel = new SourcePanel();
