import { ImapResponseError } from '../imap/response-parser.ts';
import type { ByteText } from '../message/structure.ts';
import type { ImapSession } from './imap-session.ts';
import { mailboxArgument } from './list-mailboxes.ts';

/** What is known of a mailbox that is open for reading. */
export interface ExaminedMailbox {
  readonly uidValidity: number;
  /** 0: the server doesn't say. */
  readonly uidNext: number;
  readonly messages: number;
  /** HIGHESTMODSEQ, decimal; empty when the server keeps none. */
  readonly modseq: string;
}

const number = (text: string | undefined): number | undefined => {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= 0xffff_ffff ? Number(text) : undefined;
};

/**
 * Opens a mailbox so that nothing in it changes, \Recent included.
 * @throws ImapRefusedError; ImapConnectionError when the server gives no UIDVALIDITY: its UIDs mean nothing then
 * Source: RFC 9051 §6.3.3, RFC 7162 §3.1.8 (CONDSTORE)
 */
export async function examineMailbox(session: ImapSession, wireName: ByteText): Promise<ExaminedMailbox> {
  let uidValidity: number | undefined;
  let uidNext = 0;
  let messages = 0;
  let modseq = '';
  const condstore = session.has('CONDSTORE') || session.has('QRESYNC') ? ' (CONDSTORE)' : '';
  await session.command(`EXAMINE ${mailboxArgument(wireName)}${condstore}`, {
    onUntagged({ name, number: count, code }) {
      if (name === 'EXISTS') messages = count ?? 0;
      if (name !== 'OK' || code === undefined) return;
      const [key, value] = code.split(' ');
      if (/^UIDVALIDITY$/i.test(key!)) uidValidity = number(value);
      else if (/^UIDNEXT$/i.test(key!)) uidNext = number(value) ?? 0;
      else if (/^HIGHESTMODSEQ$/i.test(key!) && /^\d{1,19}$/.test(value ?? '')) modseq = value!;
    },
  });
  if (uidValidity === undefined) throw session.fail(new ImapResponseError('EXAMINE brings no UIDVALIDITY'));
  return { uidValidity, uidNext, messages, modseq };
}
