import type { Clock } from '../runtime/clock.ts';
import type { Account } from './account.ts';
import { AccountReader } from './account-reader.ts';
import { AnnotationWriter } from './annotations/annotation-writer.ts';
import { ImportWriter } from './imports/import-writer.ts';
import { MailboxWriter } from './mailboxes/mailbox-writer.ts';
import type { StoredContents } from './message-files.ts';
import { MessageWriter } from './messages/message-writer.ts';
import type { Repaired } from './operations/repairs.ts';
import type { QuotaLimits } from './quota.ts';
import { type RepairKind, type RepairOptions, repairAccount } from './repair/repair-account.ts';
import { RestoreWriter } from './restore/restore-writer.ts';
import type { SharedAccount } from './shared-account.ts';
import { SharingWriter } from './sharing/sharing-writer.ts';

/** One opening of an account. */
export class OpenAccount implements Account {
  readonly name: string;
  readonly mailboxes: MailboxWriter;
  readonly messages: MessageWriter;
  readonly contents: StoredContents;
  readonly annotations: AnnotationWriter;
  readonly sharing: SharingWriter;
  readonly imports: ImportWriter;
  readonly restoring: RestoreWriter;
  readonly recent: Account['recent'];
  readonly textIndex: Account['textIndex'];
  readonly #shared: SharedAccount;
  readonly #quota: () => QuotaLimits;
  readonly #giveUp: () => Promise<void>;
  readonly #undo = new Set<() => void>();
  #disposed: Promise<void> | undefined;

  constructor(
    shared: SharedAccount,
    options: {
      clock: Clock;
      quotaOf: ((account: string) => QuotaLimits) | undefined;
      /** Says, durably, that the account may share something with somebody. */
      noteShare: (identifier: string) => Promise<void>;
      giveUp: () => Promise<void>;
    },
  ) {
    const { clock, quotaOf } = options;
    this.name = shared.name;
    this.#shared = shared;
    this.#quota = () => quotaOf?.(shared.name) ?? {};
    this.#giveUp = options.giveUp;
    const opening = { shared, clock, quota: this.#quota };
    this.mailboxes = new MailboxWriter(opening);
    this.messages = new MessageWriter(opening);
    this.contents = shared.files;
    this.annotations = new AnnotationWriter(shared);
    this.sharing = new SharingWriter(shared, options.noteShare);
    this.imports = new ImportWriter(opening);
    this.restoring = new RestoreWriter(opening);
    this.recent = shared.recent;
    this.textIndex = shared.textIndex;
  }

  get identity(): object {
    return this.#shared.identity;
  }

  get knownModseq(): number | undefined {
    return this.#shared.modseq.value;
  }

  async read<Result>(query: (reader: AccountReader) => Promise<Result>): Promise<Result> {
    const { database, changes, modseq } = this.#shared;
    return await database.read((reader) => {
      const { version } = database;
      return query(new AccountReader(reader, this.#quota(), changes, (found) => modseq.note(found, version)));
    });
  }

  async setQuota(limitBytes: number | undefined): Promise<void> {
    await this.#shared.write('setQuota', { limitBytes });
  }

  async repair(kind: RepairKind, options: RepairOptions): Promise<Repaired> {
    try {
      return await repairAccount(this.#shared, kind, options);
    } finally {
      this.#shared.changes.forget();
    }
  }

  async noteRecipients(addresses: readonly string[], message: { messageId: string; sentAt: number }): Promise<void> {
    await this.#shared.write('noteRecipients', { addresses, ...message });
  }

  onChange(listener: () => void): () => void {
    return this.#untilDisposed(this.#shared.onChange(listener));
  }

  holdExpunged(modseq: number): { advance(modseq: number): void; [Symbol.dispose](): void } {
    const hold = this.#shared.eraser.hold(modseq);
    const end = this.#untilDisposed(() => hold[Symbol.dispose]());
    return { advance: hold.advance, [Symbol.dispose]: end };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    for (const undo of this.#undo) undo();
    await this.#giveUp();
  }

  #untilDisposed(undo: () => void): () => void {
    const once = (): void => {
      this.#undo.delete(once);
      undo();
    };
    this.#undo.add(once);
    return once;
  }
}
