import { makeMessage, messageIdOf } from '../make-message.ts';
import type { MailPeer } from '../peers/mail-peer.ts';
import { openSession } from './log-in.ts';

/** Messages of one command. */
const atOnce = 50;

/** A message that, unless it begins a thread of five, answers the one before it. */
export function threadedMessage(number: number, sizeBytes: number): Buffer {
  const answers = number % 5 === 0 ? '' : `In-Reply-To: ${messageIdOf(number - 1)}\r\n`;
  return Buffer.concat([Buffer.from(answers), makeMessage(number, sizeBytes - answers.length)]);
}

/** Fills INBOX by MULTIAPPEND over several connections, unless an earlier run has. */
export async function fillMailbox(peer: MailPeer, account: string, messages: number, sizeBytes: number): Promise<void> {
  const there = await messagesThere(peer, account);
  if (there === messages) return;
  if (there > 0)
    throw new Error(`Cannot fill the mailbox of ${peer.name} with ${messages} messages: ${there} are in it`);
  let next = 0;
  const work = async (): Promise<void> => {
    const client = await openSession(peer, account);
    while (next < messages) {
      const first = next;
      next += atOnce;
      const count = Math.min(atOnce, messages - first);
      await client.append('INBOX', ...Array.from({ length: count }, (_, at) => threadedMessage(first + at, sizeBytes)));
    }
    client.close();
  };
  await Promise.all([work(), work(), work(), work()]);
}

async function messagesThere(peer: MailPeer, account: string): Promise<number> {
  const client = await openSession(peer, account);
  const status = await client.text('STATUS INBOX (MESSAGES)');
  client.close();
  return Number(/MESSAGES (\d+)/.exec(status)?.[1]);
}
