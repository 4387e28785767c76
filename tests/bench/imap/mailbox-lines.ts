import { messageIdOf } from '../make-message.ts';
import type { RawImap } from '../raw-imap.ts';

/** Sessions of one account, and what they know of its INBOX. */
export interface OpenMailbox {
  readonly sessions: readonly RawImap[];
  /** For what is not measured. */
  readonly control: RawImap;
  readonly messages: number;
  readonly capabilities: ReadonlySet<string>;
  /** Of SELECT, before changes were made. */
  known: { uidValidity: string; modseq: string };
  /** What each of the lines has done so far, in rounds. */
  readonly rounds: Map<string, number>;
}

/** The part of a mailbox that one session works on, as a set of UIDs or of numbers. */
export interface Share {
  readonly set: string;
  readonly uidSet: string;
}

/** One command, given by all sessions at the same time, each on its share of the messages. */
export interface MailboxLine {
  readonly name: string;
  /** Words of CAPABILITY without which the line is left out. */
  readonly needs?: string;
  /** Not measured. */
  prepare?(mailbox: OpenMailbox, round: number): Promise<void>;
  command(share: Share, mailbox: OpenMailbox, round: number): string;
  /** Not measured. */
  restore?(mailbox: OpenMailbox): Promise<void>;
}

const toggled = (round: number): string => (round % 2 === 0 ? '+' : '-');

export const mailboxLines: readonly MailboxLine[] = [
  { name: 'SELECT', command: () => 'SELECT INBOX' },
  {
    name: 'QRESYNC, 1 % changed',
    async prepare(mailbox, round) {
      const { control } = mailbox;
      mailbox.known = stateOf(await control.text('SELECT INBOX'));
      await markAnswered(mailbox, toggled(round));
    },
    command: (_share, { known }) => `SELECT INBOX (QRESYNC (${known.uidValidity} ${known.modseq}))`,
  },
  { name: 'FETCH metadata', command: ({ set }) => `FETCH ${set} (UID FLAGS ENVELOPE BODYSTRUCTURE)` },
  { name: 'FETCH flags', command: ({ set }) => `FETCH ${set} (UID FLAGS)` },
  {
    name: 'FETCH header fields',
    command: ({ set }) =>
      `FETCH ${set} (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT TO CC MESSAGE-ID)])`,
  },
  { name: 'FETCH all bodies', command: ({ set }) => `FETCH ${set} (UID BODY.PEEK[])` },
  { name: 'SEARCH UNSEEN', command: ({ set }) => `SEARCH ${set} UNSEEN` },
  {
    name: 'SEARCH ANSWERED',
    // Whether they are depends on how often each server's mailbox was changed before.
    prepare: (mailbox) => markAnswered(mailbox, '+'),
    command: ({ set }) => `SEARCH ${set} ANSWERED`,
  },
  { name: 'SEARCH SUBJECT', command: ({ set }) => `SEARCH ${set} SUBJECT "number 77"` },
  { name: 'SEARCH FROM', command: ({ set }) => `SEARCH ${set} FROM sender42@` },
  { name: 'SEARCH HEADER Message-ID', command: ({ set }) => `SEARCH ${set} HEADER Message-ID ${messageIdOf(77)}` },
  { name: 'SEARCH HEADER Received', command: ({ set }) => `SEARCH ${set} HEADER Received 192.0.2.77` },
  { name: 'SEARCH SINCE', command: ({ set }) => `SEARCH ${set} SINCE 1-Jan-2020` },
  { name: 'SEARCH TEXT', command: ({ set }) => `SEARCH ${set} TEXT needle` },
  { name: 'SEARCH TEXT, no hit', command: ({ set }) => `SEARCH ${set} TEXT xyzzyquux` },
  { name: 'SORT DATE', needs: 'SORT', command: ({ set }) => `SORT (DATE) UTF-8 ${set}` },
  { name: 'SORT SUBJECT', needs: 'SORT', command: ({ set }) => `SORT (SUBJECT) UTF-8 ${set}` },
  { name: 'SORT REVERSE ARRIVAL', needs: 'SORT', command: ({ set }) => `SORT (REVERSE ARRIVAL) UTF-8 ${set}` },
  {
    name: 'THREAD REFERENCES',
    needs: 'THREAD=REFERENCES',
    command: ({ set }) => `THREAD REFERENCES UTF-8 ${set}`,
  },
  {
    name: 'STORE 1:* silently',
    command: ({ set }, _mailbox, round) => `STORE ${set} ${toggled(round)}FLAGS.SILENT (\\Flagged)`,
  },
  {
    name: 'STORE 1:* with answers',
    command: ({ set }, _mailbox, round) => `STORE ${set} ${toggled(round)}FLAGS (\\Draft)`,
  },
  {
    name: 'COPY 1:*',
    prepare: ({ control }) => emptyTarget(control),
    command: ({ set }) => `COPY ${set} Target`,
  },
  {
    name: 'MOVE 1:*',
    prepare: ({ control }) => emptyTarget(control),
    command: ({ uidSet }) => `UID MOVE ${uidSet} Target`,
    async restore({ control, sessions }) {
      await control.command('SELECT Target');
      await control.command('MOVE 1:* INBOX');
      for (const session of sessions) await session.command('SELECT INBOX');
    },
  },
];

async function markAnswered({ control, messages }: OpenMailbox, sign: string): Promise<void> {
  const changed = Array.from({ length: messages / 100 }, (_, at) => at * 100 + 1);
  await control.command(`STORE ${changed.join()} ${sign}FLAGS.SILENT (\\Answered)`);
}

async function emptyTarget(control: RawImap): Promise<void> {
  await control.command('SELECT INBOX');
  await control.command('DELETE Target').catch(() => {});
  await control.command('CREATE Target');
}

/** @param answer to SELECT */
export function stateOf(answer: string): { uidValidity: string; modseq: string } {
  const uidValidity = /UIDVALIDITY (\d+)/.exec(answer)?.[1];
  const modseq = /HIGHESTMODSEQ (\d+)/.exec(answer)?.[1];
  if (uidValidity === undefined || modseq === undefined) throw new Error(`Cannot read SELECT: ${answer}`);
  return { uidValidity, modseq };
}

/** Parts of a mailbox for so many sessions. @param firstUid UIDs follow it without a gap */
export function sharesOf(messages: number, sessions: number, firstUid: number): Share[] {
  return Array.from({ length: sessions }, (_, at) => {
    const first = Math.floor((messages * at) / sessions) + 1;
    const last = Math.floor((messages * (at + 1)) / sessions);
    return { set: `${first}:${last}`, uidSet: `${firstUid + first - 1}:${firstUid + last - 1}` };
  });
}
