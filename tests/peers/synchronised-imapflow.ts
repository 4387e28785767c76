import { openImap, type Reader } from './read-mail.ts';

interface CachedMailbox {
  uidValidity: bigint;
  highestModseq: bigint;
  readonly messages: Map<number, { subject: string; flags: string; source: string }>;
}

/** What a mail program built on imapflow keeps between its visits, with QRESYNC: it downloads what it doesn't have, and nothing else. */
export class SynchronisedImapflow {
  readonly #mailboxes = new Map<string, CachedMailbox>();

  /** Subjects by mailbox and UID. */
  messages(mailbox: string): string[] {
    const cached = this.#mailboxes.get(mailbox)?.messages ?? new Map<number, { subject: string; flags: string }>();
    return [...cached].sort(([a], [b]) => a - b).map(([, { subject, flags }]) => `${subject} ${flags}`.trim());
  }

  uids(mailbox: string): number[] {
    return [...(this.#mailboxes.get(mailbox)?.messages.keys() ?? [])].sort((a, b) => a - b);
  }

  /**
   * Catches up with the server.
   * @returns subjects of messages that were downloaded
   * @throws Error when the UIDVALIDITY of a mailbox that it knows changed, its MODSEQ went back, or a UID stands for another message
   */
  async synchronise(reader: Reader): Promise<string[]> {
    await using client = await openImap(reader, { qresync: true });
    const listed = (await client.list()).map(({ path }) => path);
    for (const known of this.#mailboxes.keys()) if (!listed.includes(known)) this.#mailboxes.delete(known);
    const downloaded: string[] = [];
    for (const path of listed) {
      const cached = this.#mailboxes.get(path);
      const vanished: number[] = [];
      const onExpunge = ({ uid }: { uid?: number | undefined }): void => void (uid !== undefined && vanished.push(uid));
      client.on('expunge', onExpunge);
      const since = cached && { changedSince: cached.highestModseq, uidValidity: cached.uidValidity };
      const { uidValidity, highestModseq = 0n, exists } = await client.mailboxOpen(path, since ?? {});
      client.off('expunge', onExpunge);
      if (cached !== undefined && cached.uidValidity !== uidValidity) throw new Error(`UIDVALIDITY of ${path} changed`);
      if (cached !== undefined && highestModseq < cached.highestModseq) throw new Error(`MODSEQ of ${path} went back`);
      const mailbox = cached ?? { uidValidity, highestModseq, messages: new Map() };
      this.#mailboxes.set(path, mailbox);
      for (const uid of vanished) mailbox.messages.delete(uid);
      const changes =
        exists === 0
          ? []
          : await client.fetchAll(
              '1:*',
              { uid: true, flags: true },
              { uid: true, ...(cached && { changedSince: cached.highestModseq }) },
            );
      for (const { uid, flags } of changes) {
        const text = [...(flags ?? [])].sort().join(' ');
        const known = mailbox.messages.get(uid);
        if (known !== undefined) known.flags = text;
        else {
          const message = await client.fetchOne(String(uid), { source: true, envelope: true }, { uid: true });
          if (message === false) throw new Error(`UID ${uid} of ${path} is gone`);
          const subject = message.envelope?.subject ?? '';
          mailbox.messages.set(uid, { subject, flags: text, source: String(message.source) });
          downloaded.push(subject);
        }
      }
      mailbox.highestModseq = highestModseq;
      await this.#compare(client, path, mailbox);
    }
    return downloaded.sort();
  }

  /** What it has is what the server has. */
  async #compare(client: Awaited<ReturnType<typeof openImap>>, path: string, mailbox: CachedMailbox): Promise<void> {
    const found = new Map<number, string>();
    if (client.mailbox && client.mailbox.exists > 0) {
      for (const { uid, envelope, flags } of await client.fetchAll('1:*', { uid: true, envelope: true, flags: true })) {
        found.set(uid, `${envelope?.subject} ${[...(flags ?? [])].sort().join(' ')}`);
      }
    }
    const known = [...mailbox.messages].map(([uid, { subject, flags }]) => `${uid} ${subject} ${flags}`).sort();
    const real = [...found].map(([uid, text]) => `${uid} ${text}`).sort();
    if (known.join('\n') !== real.join('\n')) {
      throw new Error(`${path} is out of step:\n${known.join('\n')}\nand there is\n${real.join('\n')}`);
    }
  }
}
