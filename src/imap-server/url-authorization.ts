import { createHmac, timingSafeEqual } from 'node:crypto';
import type { MessageUrl, UrlAuth } from '../imap/imap-url.ts';
import type { ByteText } from '../message/structure.ts';
import type { Account } from '../store/account.ts';
import type { Session } from './session.ts';

/** The one mechanism there is; `1` leaves room for others of ours. Source: RFC 4467 §6 */
export function urlToken(key: Uint8Array, rump: ByteText): string {
  return `01${createHmac('sha256', key).update(rump, 'latin1').digest('hex')}`;
}

/** The account that an absolute URL of this server is about; it need not exist. */
export async function accountOfUrl(session: Session, url: MessageUrl): Promise<string | undefined> {
  const { server, tls } = session;
  if (url.server?.user === undefined) return undefined;
  const names = [server.hostname.toLowerCase()];
  // The client may know this server by another name, that it has asked a certificate for.
  if (typeof tls?.servername === 'string') names.push(tls.servername.toLowerCase());
  return names.includes(url.server.host) ? await server.findAccount(url.server.user) : undefined;
}

/**
 * Runs something with the mailbox of an authorised URL, which may be of another account.
 * @param use is called only when the URL is authorised, for this session, and not expired
 * @returns undefined when it isn't; nobody learns why
 * Source: RFC 4467 §6, §7.3
 */
export async function withAuthorizedUrl<Result>(
  session: Session,
  url: MessageUrl | undefined,
  use: (account: Account, mailboxId: number) => Promise<Result>,
): Promise<Result | undefined> {
  if (url?.urlAuth?.token === undefined || url.urlAuth.mechanism !== 'INTERNAL') return undefined;
  const { server } = session;
  if (url.expiresAt !== undefined && url.expiresAt <= server.clock.now()) return undefined;
  const owner = await accountOfUrl(session, url);
  if (owner === undefined || !(await mayUse(session, url.urlAuth))) return undefined;
  if (owner === session.mail.name) return await inAccount(session.mail, url, use);
  // Opening would make it.
  if (!(await server.accounts.exists(owner))) return undefined;
  await using account = await server.accounts.open(owner);
  return await inAccount(account, url, use);
}

/** RFC 4467 §3: `submit` is for servers that submit mail, which none of our sessions is. */
async function mayUse({ server, mail }: Session, { access, user }: UrlAuth): Promise<boolean> {
  if (access === 'submit') return false;
  return access !== 'user' || (user !== undefined && (await server.findAccount(user)) === mail.name);
}

async function inAccount<Result>(
  account: Account,
  url: MessageUrl,
  use: (account: Account, mailboxId: number) => Promise<Result>,
): Promise<Result | undefined> {
  const known = await account.read(async (reader) => {
    const mailbox = url.mailbox === undefined ? undefined : await reader.mailboxes.named(url.mailbox);
    return mailbox === undefined ? undefined : { id: mailbox.id, key: await reader.mailboxes.urlKey(mailbox.id) };
  });
  const { token, rump } = url.urlAuth ?? {};
  if (known?.key === undefined || token === undefined || rump === undefined) return undefined;
  const right = Buffer.from(urlToken(known.key, rump));
  const given = Buffer.from(token);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  return await use(account, known.id);
}
