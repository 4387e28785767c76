import { ConnectionClosedError, LineTooLongError } from '../../runtime/wire-reader.ts';
import type { Command } from '../command.ts';
import { withoutLineEnd } from '../command-input.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

/** DONE and its line end. */
const maxLineBytes = 64;

/** Source: RFC 9051 §6.3.13 */
export const idle: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.end();
    session.out.write('+ idling\r\n');
    await session.selected?.tell(session, true);
    await session.out.flush();
    const teller = new Teller(session);
    const stop = (session.selected?.account ?? session.mail).onChange(() => teller.lookAgain());
    const { imapIdleMs } = session.server.limits;
    let line: string;
    try {
      // What changed between the look above and the listening is not missed.
      teller.lookAgain();
      session.waiting = true;
      line = withoutLineEnd((await session.input.reader.readLine(maxLineBytes, imapIdleMs)).toString('latin1'));
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error;
      await session.input.reader.skipLine(imapIdleMs);
      line = '';
    } finally {
      session.waiting = false;
      stop();
      await teller.settled();
    }
    if (line.toUpperCase() !== 'DONE') throw new RefusedError('BAD', undefined, 'DONE expected');
    return undefined;
  },
};

/** Looks for changes one look at a time; what happens during a look makes one more. */
class Teller {
  readonly #session: Session;
  #again = false;
  #running: Promise<void> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  lookAgain(): void {
    this.#again = true;
    if (this.#session.selected === undefined && this.#session.metadata === undefined) return;
    this.#running ??= this.#run();
  }

  /** Waits for the look under way. */
  async settled(): Promise<void> {
    this.#again = false;
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.#session.selected?.tell(this.#session, true);
        await this.#session.metadata?.tell();
        await this.#session.out.flush();
      }
    } catch (error) {
      // The reader ends when the socket does, and with it the command.
      if (!(error instanceof ConnectionClosedError)) this.#session.log.error({ err: error }, 'changes cannot be told');
      this.#session.connection.destroy();
    } finally {
      this.#running = undefined;
    }
  }
}
