import type { Account } from '../../store/account.ts';
import type { Command } from '../command.ts';
import { findPlace, openOthers, othersRoot } from '../mailbox-place.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

/**
 * Each account is one quota root, the user's own with an empty name; without a limit there is none. That of another may be seen by whoever
 * may read a mailbox there.
 * Source: RFC 9208 §4.1.2
 */
export const getQuota: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const root = args.astring();
    args.end();
    const quota = root === '' ? await quotaText(session, session.mail, '') : await othersQuota(session, root);
    if (quota === undefined) throw new RefusedError('NO', 'NONEXISTENT', 'There is no such quota root');
    session.untagged(quota);
    return undefined;
  },
};

/** A mailbox of the own account need not exist: another one would have the same root. Source: RFC 9208 §4.1.2 */
export const getQuotaRoot: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const name = session.mailboxName(args.astring());
    args.end();
    await using place = await findPlace(session, name);
    const shown = place.access === undefined ? name : place.nameOf((await place.require('r')).mailbox);
    const root = place.access === undefined ? '' : `${othersRoot}/${place.account.name}`;
    const quota = await quotaText(session, place.account, root);
    const roots = quota === undefined ? '' : ` ${session.quotedName(root)}`;
    session.untagged(`QUOTAROOT ${session.quotedName(shown)}${roots}`);
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

async function othersQuota(session: Session, root: string): Promise<string | undefined> {
  if (!root.startsWith(`${othersRoot}/`)) return undefined;
  await using account = await openOthers(session, root.slice(othersRoot.length + 1));
  if (account === undefined) return undefined;
  const user = await session.user();
  const shared = await account.read((reader) => reader.sharing.mailboxesFor(user));
  return shared.some(({ rights }) => rights.includes('r')) ? await quotaText(session, account, root) : undefined;
}

/** STORAGE counts in units of 1024 bytes. Source: RFC 9208 §4.2.1, §5.1, §5.2 */
async function quotaText(session: Session, account: Account, root: string): Promise<string | undefined> {
  const { usedBytes, limitBytes, messages, limitMessages } = await account.read((reader) => reader.quota());
  const resources: string[] = [];
  if (limitBytes !== undefined) {
    resources.push(`STORAGE ${Math.ceil(usedBytes / 1024)} ${Math.floor(limitBytes / 1024)}`);
  }
  if (limitMessages !== undefined) resources.push(`MESSAGE ${messages} ${limitMessages}`);
  return resources.length === 0 ? undefined : `QUOTA ${session.quotedName(root)} (${resources.join(' ')})`;
}
