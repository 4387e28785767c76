/**
 * Whose turn it is of those in whom something changes: of each when nothing has changed in it for `quietMs`, but `mostMs` after its first
 * change at the latest. Times are by `performance.now()`.
 */
export class QuietTurns {
  readonly #quietMs: number;
  readonly #mostMs: number;
  readonly #changed = new Map<string, { readonly firstAt: number; lastAt: number }>();

  constructor(options: { quietMs: number; mostMs: number }) {
    this.#quietMs = options.quietMs;
    this.#mostMs = options.mostMs;
  }

  note(name: string, now: number): void {
    const change = this.#changed.get(name);
    if (change === undefined) this.#changed.set(name, { firstAt: now, lastAt: now });
    else change.lastAt = now;
  }

  /** Who is next, and when. What is noted before then never makes that earlier, but may make it later. */
  next(): { readonly name: string; readonly at: number } | undefined {
    let next: { name: string; at: number } | undefined;
    for (const [name, { firstAt, lastAt }] of this.#changed) {
      const at = Math.min(lastAt + this.#quietMs, firstAt + this.#mostMs);
      if (next === undefined || at < next.at) next = { name, at };
    }
    return next;
  }

  /** It has its turn: what is noted from here on is for the next. */
  take(name: string): void {
    this.#changed.delete(name);
  }
}
