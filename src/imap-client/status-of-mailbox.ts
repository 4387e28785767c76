import type { ByteText } from '../message/structure.ts';
import type { ImapSession } from './imap-session.ts';
import { mailboxArgument } from './list-mailboxes.ts';

/** What is known of a mailbox without opening it; undefined: the server doesn't say. */
export interface MailboxStatus {
  readonly messages: number;
  readonly uidNext: number | undefined;
  readonly uidValidity: number | undefined;
  /** HIGHESTMODSEQ, decimal. */
  readonly modseq: string | undefined;
  readonly sizeBytes: number | undefined;
}

/** @throws ImapRefusedError, ImapConnectionError. Source: RFC 9051 §6.3.11, RFC 7162 §3.1.7, RFC 8438 (SIZE) */
export async function statusOfMailbox(session: ImapSession, wireName: ByteText): Promise<MailboxStatus> {
  const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'];
  if (session.has('CONDSTORE') || session.has('QRESYNC')) items.push('HIGHESTMODSEQ');
  if (session.has('STATUS=SIZE') || session.has('IMAP4REV2')) items.push('SIZE');
  const found = new Map<string, string>();
  await session.command(`STATUS ${mailboxArgument(wireName)} (${items.join(' ')})`, {
    onUntagged(response) {
      if (response.name !== 'STATUS') return;
      const list = response.values().at(-1);
      if (!Array.isArray(list)) return;
      for (let at = 0; at + 1 < list.length && at < 100; at += 2) {
        if (/^\d{1,19}$/.test(String(list[at + 1]))) found.set(String(list[at]).toUpperCase(), String(list[at + 1]));
      }
    },
  });
  const number = (item: string): number | undefined => {
    const text = found.get(item);
    return text === undefined ? undefined : Number(text);
  };
  return {
    messages: number('MESSAGES') ?? 0,
    uidNext: number('UIDNEXT'),
    uidValidity: number('UIDVALIDITY'),
    modseq: found.get('HIGHESTMODSEQ'),
    sizeBytes: number('SIZE'),
  };
}
