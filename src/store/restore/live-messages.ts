import { contentIdentity } from './content-identity.ts';
import { MessageInstances } from './message-instances.ts';
import { trashTest } from './plan-mailboxes.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import { scanMailbox } from './scan-mailbox.ts';
import type { StoredInstance, StoredMailbox, StoredRows } from './stored-rows.ts';

/** The account at one instant, as matching needs it. */
export interface LiveMessages {
  readonly mailboxes: readonly StoredMailbox[];
  readonly names: ReadonlyMap<number, string>;
  readonly createdAt: number;
  readonly modseq: number;
  readonly everyMailboxId: ReadonlySet<number>;
  readonly instances: MessageInstances;
  readonly keywords: KeywordSets;
  /** Whether a mailbox of this name holds what was thrown away. */
  readonly isTrash: (name: string) => boolean;
}

/** Sets of keywords by number. Case makes no difference (RFC 9051 §2.3.2). */
export class KeywordSets {
  readonly #ofText = new Map<string | null, number>([[null, 0]]);
  readonly #ofKey = new Map<string, number>([['', 0]]);
  readonly #names: (readonly string[])[] = [[]];

  /** @param text JSON as in a row */
  numberOf(text: string | null): number {
    let number = this.#ofText.get(text);
    if (number !== undefined) return number;
    const names = JSON.parse(text!) as string[];
    const key = names
      .map((name) => name.toLowerCase())
      .sort()
      .join(' ');
    number = this.#ofKey.get(key);
    if (number === undefined) {
      number = this.#names.push(names) - 1;
      this.#ofKey.set(key, number);
    }
    this.#ofText.set(text, number);
    return number;
  }

  namesOf(number: number): readonly string[] {
    return this.#names[number]!;
  }
}

/**
 * Reads the account, in one read transaction.
 * @param sizes of messages that matter; undefined: all
 * @param onlyMailbox name of the only mailbox that matters
 */
export async function readLiveMessages(
  { account, signal, onProgress }: Pick<RestoreAccountOptions, 'account' | 'signal' | 'onProgress'>,
  sizes: ReadonlySet<number> | undefined,
  onlyMailbox: string | undefined,
): Promise<LiveMessages> {
  return await account.read(async ({ stored }) => {
    const { createdAt, modseq, messages: total } = await stored.account();
    const mailboxes = await stored.mailboxes();
    const instances = new MessageInstances(total);
    const keywords = new KeywordSets();
    let done = 0;
    for (const { id, name } of mailboxes) {
      if (onlyMailbox !== undefined && name !== onlyMailbox) continue;
      for await (const page of scanMailbox(stored, id, signal)) {
        const possible = sizes === undefined ? page : page.filter(({ sizeBytes }) => sizes.has(sizeBytes));
        for (const [{ uid, flagBits, keywords: text }, identity] of await withIdentities(stored, possible)) {
          // One without content is damage; nothing in a backup is the same.
          if (identity === undefined) continue;
          instances.add(identity, { mailbox: id, uid, flagBits, keywords: keywords.numberOf(text) });
        }
        done += page.length;
        onProgress({ step: 'compare', done, total });
      }
    }
    return {
      mailboxes,
      names: new Map(mailboxes.map(({ id, name }) => [id, name])),
      createdAt,
      modseq,
      everyMailboxId: await stored.everyMailboxId(),
      instances,
      keywords,
      isTrash: trashTest(mailboxes),
    };
  });
}

/** Messages with the identities of their contents; undefined where the content's row is lost. */
export async function withIdentities(
  rows: StoredRows,
  instances: readonly StoredInstance[],
): Promise<[StoredInstance, Uint8Array | undefined][]> {
  if (instances.length === 0) return [];
  const contents = await rows.identities([...new Set(instances.map(({ contentId }) => contentId))]);
  return instances.map((instance) => {
    const content = contents.get(instance.contentId);
    return [instance, content && contentIdentity(content.sha256, content.prefix)];
  });
}
