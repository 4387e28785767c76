import { ConnectionClosedError } from '../runtime/wire-reader.ts';
import type { Session } from './session.ts';

/**
 * Tells a client of changes while no command is answered: it looks again whenever it is woken, one look at a time, and what happens
 * during a look makes one more. What a client doesn't read holds up its own looks alone, and nothing is gathered for it meanwhile.
 */
export class ChangeTeller {
  readonly #session: Session;
  readonly #tell: () => Promise<void>;
  #again = false;
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
    if (!this.#paused) this.#running ??= this.#run();
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

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#paused) {
        this.#again = false;
        await this.#tell();
        await this.#session.out.flush();
      }
    } catch (error) {
      // The reader ends when the socket does.
      if (!(error instanceof ConnectionClosedError)) this.#session.log.error({ err: error }, 'changes cannot be told');
      this.#session.connection.destroy();
    } finally {
      this.#running = undefined;
    }
  }
}
