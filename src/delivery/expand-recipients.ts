import { limits } from '../runtime/limits.ts';
import { SmtpError } from '../smtp/smtp-error.ts';
import type { IncomingRecipient } from './incoming-message.ts';
import type { AccountRecipient, AliasRecipient, Recipient, ResolveRecipient } from './resolve-recipient.ts';

/** Where one copy goes: a mailbox, or an address elsewhere, through the queue. */
export interface Target {
  readonly destination: AccountRecipient | string;
  /** Alias that the message is passed on from; undefined for an account named by the sender. */
  readonly alias: string | undefined;
}

export interface ExpandedRecipient {
  readonly recipient: IncomingRecipient;
  /** Keys of {@link Expansion.targets}. */
  readonly targets: readonly string[];
  readonly error: SmtpError | undefined;
  /** Name of the alias that the sender wrote to. */
  readonly alias: string | undefined;
}

export interface Expansion {
  readonly recipients: readonly ExpandedRecipient[];
  /** Each once, whatever the number of ways to it. */
  readonly targets: ReadonlyMap<string, Target>;
}

/** Whether a message may be passed on by an alias. @returns why not */
export type CheckAlias = (alias: AliasRecipient) => SmtpError | undefined;

/** Finds all mailboxes and remote addresses that the recipients of one message stand for. */
export function expandRecipients(
  recipients: readonly IncomingRecipient[],
  resolve: ResolveRecipient,
  checkAlias: CheckAlias,
): Expansion {
  const targets = new Map<string, Target>();
  const expanded = recipients.map((recipient): ExpandedRecipient => {
    const { localpart, domain } = recipient.address;
    const found = resolve(localpart, domain === '' ? undefined : domain);
    const alias = found.kind === 'alias' ? found.name : undefined;
    const keys = new Set<string>();
    try {
      collect(found, undefined, 0, { resolve, checkAlias, targets, keys, path: [] });
      return { recipient, targets: [...keys], error: undefined, alias };
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      return { recipient, targets: [], error, alias };
    }
  });
  return { recipients: expanded, targets };
}

interface Collection {
  resolve: ResolveRecipient;
  checkAlias: CheckAlias;
  targets: Map<string, Target>;
  keys: Set<string>;
  path: string[];
}

function collect(found: Recipient | string, alias: string | undefined, depth: number, into: Collection): void {
  if (typeof found === 'string') {
    const at = found.lastIndexOf('@');
    const member = into.resolve(found.slice(0, at), found.slice(at + 1));
    if (member.kind === 'notLocal') add(`remote ${found.toLowerCase()}`, { destination: found, alias }, into);
    // A member that doesn't exist any more is the list's fault, not the sender's: the others get the message.
    else if (member.kind !== 'unknownUser') collect(member, alias, depth, into);
    return;
  }
  if (found.kind === 'account') {
    const key = `${found.account}\n${found.mailbox}\n${found.address.toLowerCase()}`;
    add(key, { destination: found, alias }, into);
    return;
  }
  if (found.kind === 'unknownUser') throw unknownUser();
  if (found.kind === 'notLocal') throw relayDenied();
  // An alias within itself adds nothing.
  if (into.path.includes(found.name)) return;
  if (depth >= limits.aliasDepth) throw new SmtpError(451, '4.4.6', 'The address leads from alias to alias');
  const refused = depth === 0 ? into.checkAlias(found) : undefined;
  if (refused !== undefined) throw refused;
  into.path.push(found.name);
  for (const member of found.members) collect(member, found.name, depth + 1, into);
  into.path.pop();
}

function add(key: string, target: Target, into: Collection): void {
  into.keys.add(key);
  // Named by the sender beats reached through an alias.
  if (!into.targets.has(key) || target.alias === undefined) into.targets.set(key, target);
  if (into.targets.size > limits.aliasMembers) throw new SmtpError(452, '4.5.3', 'The aliases have too many members');
}

export function unknownUser(): SmtpError {
  return new SmtpError(550, '5.1.1', 'No such address here');
}

export function relayDenied(): SmtpError {
  return new SmtpError(550, '5.7.1', 'This server does not relay mail for that domain');
}
