import { quoteUnlessAtom } from '../imap/quote.ts';
import type { Session } from './session.ts';

/**
 * Tells a session that has enabled METADATA which annotations others have changed: names, never values.
 * Source: RFC 5464 §4.4.2
 */
export class MetadataWatch {
  readonly #session: Session;
  /** All changes up to here were told. */
  #seenModseq: number;
  /** Later changes that the client has made itself. */
  #own = new Set<number>();

  private constructor(session: Session, modseq: number) {
    this.#session = session;
    this.#seenModseq = modseq;
  }

  static async begin(session: Session): Promise<MetadataWatch> {
    return new MetadataWatch(session, await session.mail.read((reader) => reader.modseq()));
  }

  noteOwnChange(modseq: number): void {
    if (modseq > this.#seenModseq) this.#own.add(modseq);
  }

  async tell(): Promise<void> {
    const session = this.#session;
    const news = await session.mail.read(async (reader) => {
      const modseq = await reader.modseq();
      if (modseq === this.#seenModseq) return undefined;
      return { modseq, changed: await reader.annotations.changedSince(this.#seenModseq) };
    });
    if (news === undefined) return;
    this.#seenModseq = news.modseq;
    const others = news.changed.filter(({ modseq }) => !this.#own.has(modseq));
    this.#own.clear();
    for (const [mailbox, entries] of Map.groupBy(others, (change) => change.mailbox)) {
      const name = mailbox === undefined ? '""' : session.quotedName(mailbox);
      session.untagged(`METADATA ${name} ${entries.map(({ key }) => quoteUnlessAtom(key)).join(' ')}`);
    }
  }
}
