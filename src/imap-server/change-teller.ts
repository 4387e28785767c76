import { nextTurn } from '../runtime/turns.ts';
import { ConnectionClosedError } from '../runtime/wire-reader.ts';
import type { Session } from './session.ts';

/**
 * Tells a client of changes while no command is answered: it looks again whenever it is woken, one look at a time, and what happens
 * during a look makes one more. What a client doesn't read holds up its own looks alone, and nothing is gathered for it meanwhile. A change
 * may concern hundreds of sessions: each looks in a turn of its own.
 */
export class ChangeTeller {
  readonly #session: Session;
  readonly #tell: () => Promise<void>;
  #again = false;
  #standsInLine = false;
  #running: Promise<void> | undefined;
  #paused: boolean;

  constructor(session: Session, tell: () => Promise<void>, { paused = false }: { paused?: boolean } = {}) {
    this.#session = session;
    this.#tell = tell;
    this.#paused = paused;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  lookAgain(): void {
    this.#again = true;
    if (this.#paused || this.#standsInLine || this.busy) return;
    this.#standsInLine = true;
    void nextTurn().then(() => {
      this.#standsInLine = false;
      if (this.#again && !this.#paused) this.#running = this.#look();
    });
  }

  /** Begins no look any more, and waits for the one under way. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#running;
  }

  resume(): void {
    this.#paused = false;
    if (this.#again) this.lookAgain();
  }

  async #look(): Promise<void> {
    this.#again = false;
    try {
      await this.#tell();
      await this.#session.out.flush();
    } catch (error) {
      // The reader ends when the socket does.
      if (!(error instanceof ConnectionClosedError)) this.#session.log.error({ err: error }, 'changes cannot be told');
      this.#session.connection.destroy();
    } finally {
      this.#running = undefined;
      if (this.#again) this.lookAgain();
    }
  }
}
