import { openImap, type Reader } from './read-mail.ts';

/** All that an IMAP client can know of an account: what a client that has this already need not fetch again. */
export type ServerState = Record<
  string,
  { uidValidity: string; uidNext: number; highestModseq: string; messages: Record<number, string> }
>;

/** Reads all mailboxes of an account: of each message the UID with its MODSEQ, flags, size and date. */
export async function readServerState(reader: Reader): Promise<ServerState> {
  await using client = await openImap(reader);
  const state: ServerState = {};
  for (const { path } of await client.list()) {
    const mailbox = await client.mailboxOpen(path, { readOnly: true });
    const messages: Record<number, string> = {};
    if (mailbox.exists > 0) {
      const items = { uid: true, flags: true, size: true, internalDate: true };
      for (const message of await client.fetchAll('1:*', items)) {
        const flags = [...(message.flags ?? [])].sort().join(' ');
        messages[message.uid] = `${message.modseq} (${flags}) ${message.size} ${JSON.stringify(message.internalDate)}`;
      }
    }
    state[path] = {
      uidValidity: String(mailbox.uidValidity),
      uidNext: mailbox.uidNext,
      highestModseq: String(mailbox.highestModseq),
      messages,
    };
  }
  return state;
}
