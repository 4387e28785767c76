import type { ImapTarget } from '../imap-client/connect-imap.ts';
import type { ImapCredentials } from '../imap-client/log-in.ts';

/** What to import, and how it is to be called here. */
export interface MailboxChoice {
  /** Patterns of mailboxes, with all below them; none: all. `*` stands for anything, `%` for anything within a level. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Mailbox that all are to be below. */
  readonly prefix: string | undefined;
  /** Names here of single mailboxes, with all below them. */
  readonly map: readonly { readonly from: string; readonly to: string }[];
  /** Keep names of mailboxes with a special use, where this account calls its own otherwise. */
  readonly keepNames: boolean;
  /** Also views of messages that are in other mailboxes. */
  readonly includeVirtual: boolean;
  /** Also mailboxes of other users, and shared ones. */
  readonly includeShared: boolean;
}

export interface ImapImportRequest {
  readonly target: ImapTarget;
  readonly credentials: ImapCredentials;
  /** What the source is remembered as; by default login and host. */
  readonly source: string | undefined;
  readonly choice: MailboxChoice;
  /** Also follow what has been done to flags of messages that have come before. */
  readonly updateFlags: boolean;
  readonly dryRun: boolean;
}

const usualPorts = [143, 993];

/** Ports that lead to the same server don't make another source of it. */
export function sourceName({ source, target, credentials }: ImapImportRequest): string {
  if (source !== undefined) return source;
  const host = target.host.toLowerCase();
  const port = usualPorts.includes(target.port) ? '' : `:${target.port}`;
  return `${credentials.login}@${host}${port}`;
}
