import * as api from '../api/endpoints.ts';
import { whenSignedOut } from '../api/client.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import type { About, SessionUser, Verb } from '../api/types.ts';

type Status = 'starting' | 'unreachable' | 'signed-out' | 'signed-in';

/** Who is signed in. A lost session keeps what was typed unless somebody else signs in next. */
class Session {
  status = $state<Status>('starting');
  user = $state<SessionUser | null>(null);
  hasPassword = $state(true);
  expired = $state(false);
  about = $state<About | null>(null);
  problem = $state<Problem | null>(null);
  #last: string | null = null;
  #signOutUrl: string | null = null;
  #forget: (() => void)[] = [];

  constructor() {
    whenSignedOut(() => this.#lose());
  }

  /** Registers what to clear when another person takes over this browser tab. */
  onForget(clear: () => void): void {
    this.#forget.push(clear);
  }

  can(verb: Verb): boolean {
    return this.user?.verbs.includes(verb) ?? false;
  }

  async start(): Promise<void> {
    this.status = 'starting';
    try {
      this.about = await api.about();
      this.#enter(await api.currentSession());
    } catch (error) {
      this.problem = asProblem(error);
      this.status = this.problem.status === 401 ? 'signed-out' : 'unreachable';
    }
  }

  async signIn(name: string, password: string): Promise<void> {
    this.#enter(await api.signIn(name, password));
  }

  /** Goes on to the identity provider's own sign-out, where there is one. */
  async signOut(): Promise<void> {
    await api.signOut();
    this.#clear();
    this.user = null;
    this.status = this.#signOutUrl ? 'starting' : 'signed-out';
    if (this.#signOutUrl) location.assign(this.#signOutUrl);
  }

  #enter({ user, has_password, sign_out_url }: api.Session): void {
    this.hasPassword = has_password;
    this.#signOutUrl = sign_out_url;
    if (this.#last !== null && this.#last !== user.id) this.#clear();
    this.#last = user.id;
    this.user = user;
    this.expired = false;
    this.status = 'signed-in';
  }

  #lose(): void {
    if (this.status !== 'signed-in') return;
    this.expired = true;
    this.user = null;
    this.status = 'signed-out';
  }

  #clear(): void {
    this.#last = null;
    for (const clear of this.#forget) clear();
  }
}

export const session = new Session();
