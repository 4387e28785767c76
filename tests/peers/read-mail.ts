import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';

export interface Reader {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A logged-in client. Disposing logs it out. */
export async function openImap(
  reader: Reader,
  options: Partial<ImapFlowOptions> = {},
): Promise<ImapFlow & AsyncDisposable> {
  const client = new ImapFlow({
    host: reader.host,
    port: reader.port,
    secure: false,
    auth: { user: reader.user, pass: reader.password },
    logger: false,
    tls: { rejectUnauthorized: false },
    ...options,
  });
  await client.connect();
  return Object.assign(client, {
    [Symbol.asyncDispose]: async () => {
      await client.logout().catch(() => client.close());
    },
  });
}

/** Waits for the message with a subject, wherever the server put it. @returns its bytes */
export async function awaitMail(reader: Reader, subject: string, mailbox = 'INBOX'): Promise<Buffer> {
  await using client = await openImap(reader);
  await client.mailboxOpen(mailbox, { readOnly: true });
  return await eventually(`mail "${subject}" is in ${mailbox}`, async () => {
    await client.noop();
    const uids = await client.search({ header: { subject } }, { uid: true });
    if (!uids || uids.length === 0) return undefined;
    expect(uids).toHaveLength(1);
    const message = await client.fetchOne(String(uids[0]), { source: true }, { uid: true });
    return message === false ? undefined : message.source;
  });
}

/** Expects a stored message to be what was sent, after header fields that the server puts before it. @returns these fields */
export function expectUnaltered(stored: Buffer, sent: Buffer): string {
  expect(stored.length).toBeGreaterThan(sent.length);
  const prefix = stored.subarray(0, stored.length - sent.length).toString('utf8');
  expect(stored.subarray(stored.length - sent.length).equals(sent), `the message after:\n${prefix}`).toBe(true);
  expect(prefix).toMatch(/^(?:[A-Za-z-]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+$/);
  return prefix;
}
