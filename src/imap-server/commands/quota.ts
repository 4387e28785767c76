import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

/** The account is one quota root, whose name is empty; without a limit there is none. Source: RFC 9208 §4.1.1 */
export const getQuota: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const root = args.astring();
    args.end();
    const quota = root === '' ? await quotaText(session) : undefined;
    if (quota === undefined) throw new RefusedError('NO', 'NONEXISTENT', 'There is no such quota root');
    session.untagged(quota);
    return undefined;
  },
};

/** The mailbox need not exist: another one would have the same root. Source: RFC 9208 §4.1.2 */
export const getQuotaRoot: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const name = session.mailboxName(args.astring());
    args.end();
    const quota = await quotaText(session);
    session.untagged(`QUOTAROOT ${session.quotedName(name)}${quota === undefined ? '' : ' ""'}`);
    if (quota !== undefined) session.untagged(quota);
    return undefined;
  },
};

/** Limits are the administrator's. Source: RFC 9208 §4.1.3 */
export const setQuota: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(_session, args) {
    args.space();
    args.astring();
    args.space();
    args.list(() => {
      if (/\d/.test(args.peek())) args.number64();
      else args.atom();
    });
    args.end();
    throw new RefusedError('NO', 'NOPERM', 'Only the administrator changes quota');
  },
};

/** STORAGE counts in units of 1024 bytes. Source: RFC 9208 §4.2.1, §5.1, §5.2 */
async function quotaText(session: Session): Promise<string | undefined> {
  const { usedBytes, limitBytes, messages, limitMessages } = await session.mail.read((reader) => reader.quota());
  const resources: string[] = [];
  if (limitBytes !== undefined) {
    resources.push(`STORAGE ${Math.ceil(usedBytes / 1024)} ${Math.floor(limitBytes / 1024)}`);
  }
  if (limitMessages !== undefined) resources.push(`MESSAGE ${messages} ${limitMessages}`);
  return resources.length === 0 ? undefined : `QUOTA "" (${resources.join(' ')})`;
}
