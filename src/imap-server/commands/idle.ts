import { LineTooLongError } from '../../runtime/wire-reader.ts';
import type { Account } from '../../store/account.ts';
import { ChangeTeller } from '../change-teller.ts';
import type { Command } from '../command.ts';
import { withoutLineEnd } from '../command-input.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

/** DONE and its line end. */
const maxLineBytes = 64;

/** Source: RFC 9051 §6.3.13, RFC 5465 §4 */
export const idle: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.end();
    session.out.write('+ idling\r\n');
    await tell(session);
    await session.out.flush();
    const teller = new ChangeTeller(session, () => tell(session));
    const stops = accountsOf(session).map((account) => account.onChange(() => teller.lookAgain()));
    const { imapIdleMs } = session.server.limits;
    let line: string;
    try {
      session.idleTeller = teller;
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
      for (const stop of stops) stop();
      await teller.pause();
      session.idleTeller = undefined;
    }
    if (line.toUpperCase() !== 'DONE') throw new RefusedError('BAD', undefined, 'DONE expected');
    return undefined;
  },
};

/** Whose changes the client is told of. */
function accountsOf({ mail, selected }: Session): Account[] {
  return selected?.shared === true ? [mail, selected.account] : [mail];
}

async function tell(session: Session): Promise<void> {
  await session.selected?.tell(session, true);
  await session.notifications?.tellOthers();
  await session.metadata?.tell();
}
