import type { Account } from '../store/account.ts';
import type { AccountReader } from '../store/account-reader.ts';
import { parentMailboxName } from '../store/mailbox-name.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { QuotaUse } from '../store/quota.ts';
import { allRights, effectiveRights, type MailUser, type Rights } from '../store/sharing/rights.ts';
import { RefusedError } from './reply.ts';
import type { ImapServerContext } from './server-context.ts';
import type { Session } from './session.ts';

/** What others share is below this name, by account: the second namespace (RFC 2342). */
export const othersRoot = 'Other Users';
const othersForm = /^Other Users(?:\/([^/]*)(?:\/(.*))?)?$/s;

/** What a user may do with the mailboxes of another account, asked anew each time: RFC 4314 §5.1.1. */
export interface MailboxAccess {
  rights(reader: AccountReader, mailboxId: number): Promise<Rights>;
}

/**
 * What the name of a mailbox means: whose it is, what it is called there, and what this user may do with it. Every name that a
 * client gives becomes a place before anything is done with it. To be disposed of, as it has another's account open.
 */
export class MailboxPlace implements AsyncDisposable {
  readonly account: Account;
  /** In the account; whether there is such a mailbox is not known yet. */
  readonly name: string;
  /** Undefined: the mailbox is the user's own. */
  readonly access: MailboxAccess | undefined;

  constructor(account: Account, name: string, access?: MailboxAccess) {
    this.account = account;
    this.name = name;
    this.access = access;
  }

  /** The name under which this user knows a mailbox of the same account. */
  nameOf(mailbox: Mailbox): string {
    return this.access === undefined ? mailbox.name : nameOfOthers(this.account.name, mailbox.name);
  }

  /**
   * The mailbox, for something that needs certain rights.
   * @throws RefusedError NONEXISTENT, NOPERM
   */
  async require(needed: Rights): Promise<{ mailbox: Mailbox; rights: Rights }> {
    const { mailbox, rights } = await this.account.read((reader) => this.#find(reader, this.name));
    if (mailbox === undefined) throw nonexistent();
    checkRights(rights, needed);
    return { mailbox, rights };
  }

  /** The same for all mailboxes below one, which go with it. @throws RefusedError NOPERM */
  async requireBelow({ name }: Mailbox, needed: Rights): Promise<void> {
    const { access } = this;
    if (access === undefined) return;
    const allowed = await this.account.read(async (reader) => {
      const below = (await reader.mailboxes.all()).filter((mailbox) => mailbox.name.startsWith(`${name}/`));
      for (const { id } of below) {
        const rights = await access.rights(reader, id);
        if (![...needed].every((right) => rights.includes(right))) return false;
      }
      return true;
    });
    if (!allowed) throw new RefusedError('NO', 'NOPERM', 'Its owner does not allow that to you');
  }

  /**
   * The same for the target of APPEND, COPY and MOVE: a client may make it when it is missing. RFC 9051 §6.3.12
   * @returns with what its account holds at the same instant
   */
  async requireTarget(): Promise<{ mailbox: Pick<Mailbox, 'id'>; rights: Rights; quota: QuotaUse }> {
    const found = await this.account.read(async (reader) => {
      const id = await reader.mailboxes.idOf(this.name);
      if (id === undefined) return undefined;
      return { mailbox: { id }, rights: await this.#rights(reader, id), quota: await reader.quota() };
    });
    if (found === undefined) return tryCreate(nonexistent());
    try {
      checkRights(found.rights, 'i');
    } catch (error) {
      return tryCreate(error);
    }
    return found;
  }

  /** @throws RefusedError when the user may not make a mailbox with this name. RFC 4314 §4 */
  async requireCreation(): Promise<void> {
    if (this.access === undefined) return;
    for (let name = parentMailboxName(this.name); name !== undefined; name = parentMailboxName(name)) {
      const parent = name;
      const { mailbox, rights } = await this.account.read((reader) => this.#find(reader, parent));
      if (mailbox === undefined) continue;
      if (rights.includes('k')) return;
      break;
    }
    throw notHere();
  }

  /** An account that was opened for the place, and not that of the session. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.access !== undefined) await this.account[Symbol.asyncDispose]();
  }

  async #find(reader: AccountReader, name: string): Promise<{ mailbox: Mailbox | undefined; rights: Rights }> {
    const mailbox = await reader.mailboxes.named(name);
    if (mailbox === undefined) return { mailbox, rights: '' };
    return { mailbox, rights: await this.#rights(reader, mailbox.id) };
  }

  async #rights(reader: AccountReader, mailboxId: number): Promise<Rights> {
    return (await this.access?.rights(reader, mailboxId)) ?? allRights;
  }
}

/**
 * The place that a name means. A mailbox of the user's own that has been called like those of others is still that.
 * @param name decoded
 * @throws RefusedError NONEXISTENT for a name in nobody's account
 */
export async function findPlace(session: Session, name: string): Promise<MailboxPlace> {
  const { mail, server } = session;
  const form = othersForm.exec(name);
  if (form === null) return new MailboxPlace(mail, name);
  if ((await mail.read((reader) => reader.mailboxes.named(name))) !== undefined) return new MailboxPlace(mail, name);
  const [, owner = '', inner = ''] = form;
  const account = inner === '' ? undefined : await openOthers(session, owner);
  if (account === undefined) throw nonexistent();
  return new MailboxPlace(account, inner, accessOf(server, account.name, await session.user()));
}

/** The same for a mailbox that is to be made. @throws RefusedError NOPERM */
export async function findPlaceToCreate(session: Session, name: string): Promise<MailboxPlace> {
  const place = othersForm.test(name)
    ? await findPlace(session, name).catch((error: unknown) => {
        // That there is no such account must look like one in which nothing may be made.
        if (error instanceof RefusedError) throw notHere();
        throw error;
      })
    : new MailboxPlace(session.mail, name);
  try {
    await place.requireCreation();
    return place;
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

/** The target of APPEND, COPY and MOVE. */
export async function findTarget(session: Session, name: string): Promise<MailboxPlace> {
  return await findPlace(session, name).catch(tryCreate);
}

/** @returns undefined for a name that is no other's account. To be disposed of */
export async function openOthers({ mail, server }: Session, owner: string): Promise<Account | undefined> {
  if (owner === mail.name || (await server.findAccount(owner)) !== owner) return undefined;
  if (!(await server.accounts.exists(owner))) return undefined;
  return await server.accounts.open(owner);
}

function accessOf(server: ImapServerContext, owner: string, user: MailUser): MailboxAccess {
  return {
    async rights(reader, mailboxId) {
      // An account that is taken out of the configuration has nothing to share any more.
      if (!server.isAccount(owner)) return '';
      return effectiveRights(await reader.sharing.acl(mailboxId), user);
    },
  };
}

/** How users know a mailbox of another account. Inbox is written as all clients write their own. */
export function nameOfOthers(owner: string, name: string): string {
  return `${othersRoot}/${owner}/${name.replace(/^Inbox(?=\/|$)/, 'INBOX')}`;
}

/** One spelling for each name, for what is kept of names: subscriptions. */
export function canonicalName(name: string): string {
  const [, owner, inner] = othersForm.exec(name) ?? [];
  return owner === undefined || inner === undefined || inner === ''
    ? name
    : nameOfOthers(owner, inner.replace(/^inbox(?=\/|$)/i, 'Inbox'));
}

/**
 * RFC 4314 §6: whoever may not even look a mailbox up is told that there is none.
 * @throws RefusedError
 */
export function checkRights(rights: Rights, needed: Rights): void {
  if ([...needed].every((right) => rights.includes(right))) return;
  throw rights.includes('l') ? new RefusedError('NO', 'NOPERM', 'Its owner does not allow that to you') : nonexistent();
}

export function nonexistent(): RefusedError {
  return new RefusedError('NO', 'NONEXISTENT', 'There is no such mailbox');
}

function notHere(): RefusedError {
  return new RefusedError('NO', 'NOPERM', 'You may not make mailboxes there');
}

function tryCreate(error: unknown): never {
  if (error instanceof RefusedError && error.responseCode === 'NONEXISTENT') {
    throw new RefusedError('NO', 'TRYCREATE', error.publicText, error);
  }
  throw error;
}
