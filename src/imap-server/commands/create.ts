import type { ArgumentParser } from '../../imap/argument-parser.ts';
import type { SpecialUse } from '../../store/account.ts';
import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';
import { specialUseNamed } from '../special-use.ts';

/** Source: RFC 9051 §6.3.4, RFC 6154 §3 */
export const create: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    // A delimiter at the end says that mailboxes will be made below: any mailbox here may have some.
    const name = session.mailboxName(args.astring()).replace(/\/$/, '');
    const specialUse = args.takeIf(' ') ? parseUse(args) : [];
    args.end();
    const created = await session.mail.createMailbox(name, { specialUse });
    await session.notifications?.noteOwnNames([created.name]);
    return undefined;
  },
};

/** `(USE (\Sent …))` */
function parseUse(args: ArgumentParser): SpecialUse[] {
  const names: string[] = [];
  args.list(() => {
    args.take('USE ');
    args.list(() => names.push(args.flag()));
  }, 1);
  return names.map((name) => {
    const use = specialUseNamed(name);
    if (use === undefined) throw new RefusedError('NO', 'USEATTR', 'That special use is not supported');
    return use;
  });
}
