import type { Command } from 'commander';
import { UsageError } from '../exit-code.ts';

/** Which messages of a backup are meant. */
export interface Selection {
  mailbox?: string;
  messageId?: string[];
  uid?: string;
  since?: string;
  before?: string;
  search?: string;
}

export interface RestoreCommandOptions extends Selection {
  configDir?: string;
  dataOnly?: boolean;
  allowIncomplete?: boolean;
  fromVersion?: string;
  dryRun?: boolean;
  account?: string;
  as?: string;
  into?: string;
  mode?: string;
  list?: boolean;
  print?: boolean;
  json?: boolean;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function addRestoreOptions(command: Command): void {
  command
    .argument('<backup>', 'directory that "restante backup" made')
    .argument('[datadir]', 'whole restore: data directory to make; it must not exist yet, or be empty')
    .option('--dry-run', 'check everything, say what would be done, and do nothing')
    .option('--allow-incomplete', 'restore what there is of a backup that is incomplete or damaged')
    .option('--json', 'print JSON')
    .optionsGroup('Whole restore, to an empty directory:')
    .option('--config-dir <dir>', 'where to restore the configuration to (default: "config" beside the data directory)')
    .option('--data-only', 'leave the configuration in the backup alone')
    .option('--from-version <format>', 'refuse a backup of another format than this')
    .optionsGroup('Into the running server:')
    .option('--account <name>', 'bring back mail of this account')
    .option('--mode <mode>', 'merge: bring back what is missing; mirror: make it as it was', 'merge')
    .option('--as <account>', 'into this account instead')
    .option('--into <mailbox>', 'into this mailbox instead of where the messages were')
    .optionsGroup('Which messages:')
    .option('--mailbox <name>', 'of this mailbox of the backup only')
    .option('--message-id <id>', 'with this Message-ID; may be given several times', collect)
    .option('--uid <set>', 'with these UIDs in the mailbox, such as 3 or 1:5,9')
    .option('--since <date>', 'received on this day (UTC) or later, YYYY-MM-DD')
    .option('--before <date>', 'received before this day')
    .option('--search <text>', 'with this text anywhere, in any case')
    .optionsGroup('Looking into a backup, without a server:')
    .option('--list', 'list accounts, mailboxes of --account, or messages of --mailbox')
    .option('--print', 'write the one message that is selected to standard output');
}

/** @returns the selection for programs; undefined when nothing is selected */
export function selectionOf(options: Selection) {
  const { messageId, uid, search } = options;
  if (uid !== undefined && options.mailbox === undefined) {
    throw new UsageError('Cannot select by --uid without --mailbox', 'UIDs are those of one mailbox: name it.');
  }
  const selection = {
    ...(messageId === undefined ? {} : { messageIds: messageId.map((id) => id.replace(/^<|>$/g, '')) }),
    ...(uid === undefined ? {} : { uids: uidRanges(uid) }),
    ...(options.since === undefined ? {} : { since: dayOf(options.since) }),
    ...(options.before === undefined ? {} : { before: dayOf(options.before) }),
    ...(search === undefined ? {} : { search }),
  };
  return Object.keys(selection).length === 0 ? undefined : selection;
}

/** @throws UsageError */
function uidRanges(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const [, first, last = first] = /^(\d{1,10})(?::(\d{1,10}|\*))?$/.exec(part) ?? [];
    if (first === undefined) throw new UsageError(`Cannot use the UIDs "${text}"`, 'Write them like 3 or 1:5,9.');
    const ends = [Number(first), last === '*' ? 0xffff_ffff : Number(last)] as const;
    return [Math.min(...ends), Math.max(...ends)];
  });
}

/** RFC 9051 §6.4.4: SINCE and BEFORE disregard time. Days are those of UTC, as with --list and in IMAP. */
function dayOf(text: string): number {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (day === undefined || Number.isNaN(time)) {
    throw new UsageError(`Cannot use the date "${text}"`, 'Write it like 2026-11-23.');
  }
  return time;
}
