/** A list of the server's that forms and buttons change: after each change it is read again. */
export class Listed<T> {
  /** Nothing before the first reading. */
  items = $state<T[] | null>(null);
  /** What was thrown last, until the next change. */
  problem = $state<unknown>(null);
  readonly #read: () => Promise<{ items: T[] }>;

  constructor(read: () => Promise<{ items: T[] }>) {
    this.#read = read;
    void this.read();
  }

  readonly read = async (): Promise<void> => {
    try {
      this.items = (await this.#read()).items;
    } catch (error) {
      this.problem = error;
    }
  };

  readonly change = async (action: () => Promise<unknown>): Promise<void> => {
    this.problem = null;
    try {
      await action();
    } catch (error) {
      this.problem = error;
    }
    await this.read();
  };
}
