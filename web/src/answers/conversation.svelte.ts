import { streamAnswer } from '../api/answers.ts';
import * as api from '../api/endpoints.ts';
import { asProblem, isAbort, type Problem } from '../api/problem.ts';
import type { Answer, Citation, ConversationSummary, Filters, PastTurn } from '../api/types.ts';
import { Narrowing } from '../filters/narrowing.svelte.ts';
import { session } from '../state/session.svelte.ts';

/** Where a question was asked: in all collections when none is named. */
type Within = { collections: string[] | undefined; filters: Filters };

const everywhere = (): Within => ({ collections: undefined, filters: new Narrowing().filters });

/** A question and what has come back so far. */
export class Turn {
  text = $state('');
  citations = $state<Citation[]>([]);
  refused = $state(false);
  state = $state<'streaming' | 'done' | 'stopped' | 'withheld' | 'failed'>('streaming');
  problem = $state<Problem | null>(null);
  answerId = $state<string | null>(null);
  helpful = $state<boolean | null>(null);

  constructor(
    readonly key: number,
    readonly question: string,
    readonly within: Within = everywhere(),
  ) {}

  finish(answer: Answer): void {
    this.answerId = answer.id;
    this.text = answer.answer;
    this.citations = answer.citations;
    this.refused = answer.refused;
    this.state = answer.interrupted ? 'stopped' : 'done';
  }
}

/** The conversation on the ask page. It lives outside the page, so an answer goes on streaming. */
class ConversationState {
  id = $state<string | null>(null);
  turns = $state<Turn[]>([]);
  /** What stands in the question box; kept across pages and a lost session. */
  draft = $state('');
  /** Collections to look in; empty means all. */
  collections = $state<string[]>([]);
  readonly narrowing = new Narrowing();
  loading = $state(false);
  problem = $state<Problem | null>(null);
  history = $state<ConversationSummary[] | null>(null);
  #abort: AbortController | null = null;
  #keys = 0;

  constructor() {
    session.onForget(() => this.#forget());
  }

  get streaming(): boolean {
    return this.turns.at(-1)?.state === 'streaming';
  }

  /** Shows a conversation, or an empty one for null. */
  async open(id: string | null): Promise<void> {
    if (id === this.id && this.problem === null) return;
    this.clear();
    this.id = id;
    if (id === null) return;
    this.loading = true;
    try {
      const { turns } = await api.getConversation(id);
      if (this.id === id) this.turns = turns.map((turn) => this.#past(turn));
    } catch (error) {
      this.problem = asProblem(error);
    } finally {
      this.loading = false;
    }
  }

  /** Leaves the conversation for an empty one; what is in the question box stays. */
  clear(): void {
    this.stop();
    this.id = null;
    this.turns = [];
    this.problem = null;
  }

  /** Asks the question and streams the answer into a new turn. */
  async ask(question: string): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.turns.push(new Turn(this.#keys++, question, this.#within()));
    const turn = this.turns.at(-1)!;
    try {
      await this.#stream(turn, abort.signal);
    } catch (error) {
      this.#broken(turn, error);
    }
    if (turn.state !== 'failed') await this.loadHistory();
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async loadHistory(): Promise<void> {
    try {
      this.history = (await api.listConversations()).items;
    } catch {
      this.history ??= [];
    }
  }

  async remove(id: string): Promise<void> {
    await api.deleteConversation(id);
    if (id === this.id) await this.open(null);
    await this.loadHistory();
  }

  #within(): Within {
    return {
      collections: this.collections.length > 0 ? [...this.collections] : undefined,
      filters: this.narrowing.filters,
    };
  }

  async #stream(turn: Turn, signal: AbortSignal): Promise<void> {
    const request = {
      question: turn.question,
      ...turn.within,
      conversation_id: this.id ?? undefined,
    };
    for await (const event of streamAnswer(request, signal)) {
      signal.throwIfAborted();
      if (event.kind === 'started') this.id = event.conversationId;
      else if (event.kind === 'token') turn.text += event.text;
      else if (event.kind === 'citation') turn.citations.push(event.citation);
      else {
        turn.finish(event.answer);
        this.id = event.answer.conversation_id;
      }
    }
  }

  #broken(turn: Turn, error: unknown): void {
    if (isAbort(error)) {
      turn.state = 'stopped';
      return;
    }
    turn.problem = asProblem(error);
    turn.state = 'failed';
    if (turn.problem.status !== 401) return;
    this.turns = this.turns.filter((other) => other !== turn);
    this.draft = turn.question;
  }

  #past(past: PastTurn): Turn {
    const turn = new Turn(this.#keys++, past.question);
    turn.finish(past);
    turn.helpful = past.helpful;
    if (past.status === 'withheld') turn.state = 'withheld';
    return turn;
  }

  #forget(): void {
    this.clear();
    this.draft = '';
    this.collections = [];
    this.narrowing.clear();
    this.history = null;
  }
}

export const conversation = new ConversationState();
