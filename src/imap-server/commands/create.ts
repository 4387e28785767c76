import type { ArgumentParser } from '../../imap/argument-parser.ts';
import type { SpecialUse } from '../../store/mailboxes/mailbox.ts';
import type { Command } from '../command.ts';
import { findPlaceToCreate } from '../mailbox-place.ts';
import { tellOldName } from '../old-name.ts';
import { RefusedError } from '../reply.ts';
import { specialUseNamed } from '../special-use.ts';

/** Source: RFC 9051 §6.3.4, RFC 6154 §3, RFC 8474 §4.1 */
export const create: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    // A delimiter at the end says that mailboxes will be made below: any mailbox here may have some.
    const supplied = args.astring();
    const name = session.mailboxName(supplied).replace(/\/$/, '');
    const specialUse = args.takeIf(' ') ? parseUse(args) : [];
    args.end();
    await using place = await findPlaceToCreate(session, name);
    // What a mailbox is for its owner says.
    if (place.access !== undefined && specialUse.length > 0) {
      throw new RefusedError('NO', 'USEATTR', 'That is for the owner to say');
    }
    const created = await place.account.mailboxes.create(place.name, { specialUse });
    if (place.access === undefined) await session.notifications?.noteOwnNames([created.name]);
    tellOldName(session, supplied, name);
    return { code: `MAILBOXID (${created.objectId})` };
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
