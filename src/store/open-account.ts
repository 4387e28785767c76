import type { Readable } from 'node:stream';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type {
  Account,
  AccountReader,
  AddedMessage,
  ContentLocation,
  CopiedMessages,
  Mailbox,
  MessageFlags,
  MissingMessage,
  NewImport,
  NewMessage,
  QuotaLimits,
  ReceivedFile,
  SpecialUse,
  UidSelection,
} from './account.ts';
import { DatabaseAccountReader, parseKeywords } from './account-reader.ts';
import { describeContent } from './content-facts.ts';
import { type ChangeableFlags, everyFlag, type Flags } from './flags.ts';
import type { ImportMailbox } from './imports/import-rows.ts';
import { normaliseMailboxName } from './mailbox-name.ts';
import type { ImportOutcome } from './operations/add-imported-messages.ts';
import type { ArrivingMove, StoredMessage } from './operations/add-messages.ts';
import type { AddedMissing } from './operations/add-missing-messages.ts';
import type { CopiedUids } from './operations/copy-messages.ts';
import type { Repaired } from './operations/repairs.ts';
import type { MailboxToRestore } from './operations/restore-mailbox.ts';
import type { AnnotationChange } from './operations/set-annotations.ts';
import type { SourceFlags } from './operations/update-imported-flags.ts';
import { type RepairKind, type RepairOptions, repairAccount } from './repair/repair-account.ts';
import type { SharedAccount } from './shared-account.ts';
import type { AclEntry, RightsChange } from './sharing/rights.ts';
import { KeywordNameError, reviveStoreError } from './store-errors.ts';
import type { WordHits } from './text-index/account-text-index.ts';
import type { WordColumn } from './text-index/index-protocol.ts';
import type { IndexedHeader } from './text-index/indexed-header.ts';
import type { IndexedThread } from './text-index/indexed-thread.ts';
import { toUidRanges } from './uid-ranges.ts';

const noBytes = new Uint8Array(0);
const noFlags: Flags = { bits: 0, keywords: [] };
const noKeywords: readonly string[] = [];

/** One opening of an account. */
export class OpenAccount implements Account {
  readonly name: string;
  readonly #shared: SharedAccount;
  readonly #clock: Clock;
  readonly #quotaOf: ((account: string) => QuotaLimits) | undefined;
  readonly #noteShare: (identifier: string) => Promise<void>;
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
    this.name = shared.name;
    this.#shared = shared;
    this.#clock = options.clock;
    this.#quotaOf = options.quotaOf;
    this.#noteShare = options.noteShare;
    this.#giveUp = options.giveUp;
  }

  get identity(): object {
    return this.#shared.identity;
  }

  async read<Result>(query: (reader: AccountReader) => Promise<Result>): Promise<Result> {
    return await this.#shared.database.read((reader) => query(new DatabaseAccountReader(reader, this.#quota())));
  }

  async createMailbox(name: string, options: { specialUse?: readonly SpecialUse[] } = {}): Promise<Mailbox> {
    const normal = normaliseMailboxName(name);
    const id = await this.#shared.write('createMailbox', { name: normal, specialUse: options.specialUse ?? [] });
    const mailbox = await this.read((reader) => reader.mailboxById(id));
    return mailbox!;
  }

  async textCandidates(
    mailboxId: number,
    text: string,
    where: 'text' | 'body' | 'field',
  ): Promise<Uint32Array | undefined> {
    return await this.#shared.textIndex?.candidates(mailboxId, text, where);
  }

  async indexTexts(): Promise<void> {
    await this.#shared.textIndex?.run();
  }

  async wordHits(mailboxId: number, text: string, columns: readonly WordColumn[]): Promise<WordHits> {
    return (await this.#shared.textIndex?.hits(mailboxId, text, columns)) ?? new Map();
  }

  indexedHeaders(contentIds: readonly number[]): ReadonlyMap<number, IndexedHeader> {
    return this.#shared.textIndex?.headers(contentIds) ?? new Map();
  }

  indexedPreviews(contentIds: readonly number[]): ReadonlyMap<number, string> {
    return this.#shared.textIndex?.previews(contentIds) ?? new Map();
  }

  indexedThreads(contentIds: readonly number[]): ReadonlyMap<number, IndexedThread> {
    return this.#shared.textIndex?.threads(contentIds) ?? new Map();
  }

  async renameMailbox(from: string, to: string): Promise<void> {
    const names = { from: normaliseMailboxName(from), to: normaliseMailboxName(to) };
    await this.#shared.write('renameMailbox', { ...names, now: this.#clock.now() });
  }

  async deleteMailbox(name: string, { ifEmpty = false }: { ifEmpty?: boolean } = {}): Promise<void> {
    const erasable = await this.#shared.write('deleteMailbox', { name: normaliseMailboxName(name), ifEmpty });
    if (erasable > 0) this.#shared.eraser.schedule();
  }

  async setSubscribed(name: string, subscribed: boolean): Promise<void> {
    await this.#shared.write('setSubscribed', { name: normaliseMailboxName(name), subscribed });
  }

  async setSpecialUse(name: string, specialUse: readonly SpecialUse[]): Promise<void> {
    await this.#shared.write('setSpecialUse', { name: normaliseMailboxName(name), specialUse });
  }

  async changeAcl(
    mailboxId: number,
    entry: Pick<AclEntry, 'identifier' | 'accountCreatedAt'>,
    change: RightsChange,
  ): Promise<void> {
    const { identifier, accountCreatedAt } = entry;
    if (!identifier.startsWith('-')) await this.#noteShare(identifier);
    await this.#shared.write('changeAcl', { mailboxId, identifier, accountCreatedAt, ...change });
  }

  async addMessage(message: NewMessage): Promise<AddedMessage> {
    const [added] = await this.addMessages([message]);
    return added!;
  }

  async addMessages(messages: readonly NewMessage[], move?: ArrivingMove): Promise<AddedMessage[]> {
    const now = this.#clock.now();
    const stored = messages.map((message) => toStoredMessage(message, now));
    return await this.#withFiles(messages, async (ids) => {
      const added = await this.#shared.write('addMessages', {
        now,
        quota: this.#quota(),
        messages: stored.map((message, index) => ({ ...message, contentId: ids[index]! })),
        move,
      });
      return { result: added, unused: [] };
    });
  }

  async replaceMessage(mailboxId: number, uid: number, message: NewMessage): Promise<AddedMessage> {
    const now = this.#clock.now();
    const stored = toStoredMessage(message, now);
    return await this.#withFiles([message], async ([contentId]) => {
      const { added, erasable } = await this.#shared.write('replaceMessage', {
        now,
        quota: this.#quota(),
        mailboxId,
        uid,
        message: { ...stored, contentId: contentId! },
      });
      if (erasable > 0) this.#shared.eraser.schedule();
      return { result: added, unused: [] };
    });
  }

  async restoreMailbox(mailbox: MailboxToRestore): Promise<{ id: number; outcome: 'present' | 'revived' | 'created' }> {
    return await this.#shared.write('restoreMailbox', { ...mailbox, name: normaliseMailboxName(mailbox.name) });
  }

  async addMissing(mailbox: string, seenModseq: number, messages: readonly MissingMessage[]): Promise<AddedMissing> {
    const now = this.#clock.now();
    const stored = messages.map(({ kept, places, ...message }) => {
      const { mailbox: _, createMissing: _made, ...rest } = toStoredMessage({ ...message, mailbox }, now);
      return { ...rest, kept, places };
    });
    return await this.#withFiles(messages, async (ids) => {
      const result = await this.#shared.write('addMissingMessages', {
        now,
        quota: this.#quota(),
        mailbox: normaliseMailboxName(mailbox),
        seenModseq,
        messages: stored.map((message, index) => ({ ...message, contentId: ids[index]! })),
      });
      return { result, unused: ids.filter((_, index) => result.outcomes[index] !== 'added') };
    });
  }

  async beginImport(mailbox: { source: string; name: string; uidValidity: number }): Promise<ImportMailbox> {
    return await this.#shared.write('beginImport', mailbox);
  }

  async addImported(importMailboxId: number, messages: readonly NewImport[]): Promise<ImportOutcome[]> {
    const now = this.#clock.now();
    const stored = messages.map(({ sourceUid, ...message }) => ({ ...toStoredMessage(message, now), sourceUid }));
    return await this.#withFiles(messages, async (ids) => {
      const result = await this.#shared.write('addImportedMessages', {
        now,
        quota: this.#quota(),
        importMailboxId,
        messages: stored.map((message, index) => ({ ...message, contentId: ids[index]! })),
      });
      return { result, unused: ids.filter((_, index) => result[index] !== 'added') };
    });
  }

  async updateImportedFlags(importMailboxId: number, messages: readonly SourceFlags[]): Promise<number> {
    return await this.#shared.write('updateImportedFlags', { importMailboxId, messages });
  }

  async settleImport(progress: { importMailboxId: number; completeBelow: number; modseq: string }): Promise<void> {
    await this.#shared.write('settleImport', progress);
  }

  async storeFlags(
    mailboxId: number,
    uids: UidSelection,
    change: { mode: 'add' | 'remove' | 'replace'; flags: Flags },
    options: { unchangedSince?: number; within?: ChangeableFlags } = {},
  ): Promise<{ changed: MessageFlags[]; modified: number[]; modseq: number | undefined }> {
    const result = await this.#shared.write('storeFlags', {
      mailboxId,
      ranges: toUidRanges(uids),
      mode: change.mode,
      flagBits: change.flags.bits,
      keywords: checkKeywords(change.flags.keywords),
      within: options.within ?? everyFlag,
      unchangedSince: options.unchangedSince,
    });
    const changed: MessageFlags[] = new Array(result.uids.length);
    for (let i = 0; i < changed.length; i++) {
      const text = result.keywords?.[i] ?? null;
      changed[i] = {
        uid: result.uids[i]!,
        modseq: result.modseqs[i]!,
        flagBits: result.flagBits[i]!,
        keywords: text === null ? noKeywords : parseKeywords(text),
      };
    }
    return { changed, modified: result.modified, modseq: result.modseq };
  }

  async copyMessages(
    mailboxId: number,
    uids: UidSelection,
    targetMailboxId: number,
    kept = everyFlag,
  ): Promise<CopiedMessages & { modseq: number }> {
    const copied = await this.#shared.write('copyMessages', {
      now: this.#clock.now(),
      quota: this.#quota(),
      mailboxId,
      ranges: toUidRanges(uids),
      targetMailboxId,
      kept,
    });
    return { ...toCopied(copied), modseq: copied.modseq };
  }

  async moveMessages(
    mailboxId: number,
    uids: UidSelection,
    targetMailboxId: number,
    kept = everyFlag,
  ): Promise<CopiedMessages & { modseq: number }> {
    const now = this.#clock.now();
    const moved = await this.#shared.write('moveMessages', {
      now,
      mailboxId,
      ranges: toUidRanges(uids),
      targetMailboxId,
      kept,
    });
    return { ...toCopied(moved), modseq: moved.modseq };
  }

  async expungeMessages(
    mailboxId: number,
    uids: UidSelection,
    which: 'deleted' | 'all',
  ): Promise<{ uids: number[]; modseq: number }> {
    const result = await this.#shared.write('expungeMessages', { mailboxId, ranges: toUidRanges(uids), which });
    if (result.erasable > 0) this.#shared.eraser.schedule();
    return { uids: result.uids, modseq: result.modseq };
  }

  async expungeMoved(id: Uint8Array, mailboxId: number, uids: readonly number[]): Promise<number[]> {
    const taken = await this.#shared.write('expungeMoved', { id, mailboxId, ranges: toUidRanges(uids) });
    if (taken.erasable > 0) this.#shared.eraser.schedule();
    return taken.uids;
  }

  async forgetMove(id: Uint8Array): Promise<void> {
    await this.#shared.write('forgetMove', { id });
  }

  async bumpUidValidity(name: string): Promise<number> {
    return await this.#shared.write('bumpUidValidity', { name: normaliseMailboxName(name) });
  }

  async repair(kind: RepairKind, options: RepairOptions): Promise<Repaired> {
    return await repairAccount(this.#shared, kind, options);
  }

  async setQuota(limitBytes: number | undefined): Promise<void> {
    await this.#shared.write('setQuota', { limitBytes });
  }

  async setAnnotations(mailboxId: number | undefined, annotations: readonly AnnotationChange[]): Promise<number> {
    return await this.#shared.write('setAnnotations', { mailboxId, annotations });
  }

  async makeUrlKey(mailboxId: number, key: Uint8Array): Promise<Uint8Array> {
    return await this.#shared.write('makeUrlKey', { mailboxId, key });
  }

  async removeUrlKeys(mailboxId: number | undefined): Promise<void> {
    await this.#shared.write('removeUrlKeys', { mailboxId });
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

  async readContent(content: ContentLocation): Promise<Buffer> {
    return await this.#shared.files.read(content);
  }

  readContentSync(content: ContentLocation): Buffer {
    return this.#shared.files.readSync(content);
  }

  readContentInto(content: ContentLocation, target: Uint8Array, at: number): void {
    this.#shared.files.readInto(content, target, at);
  }

  readContentStart(content: ContentLocation, target: Uint8Array): number {
    return this.#shared.files.readStart(content, target);
  }

  streamContent(content: ContentLocation, start?: number, end?: number): Readable {
    return this.#shared.files.stream(content, start, end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  /**
   * Gives files their names in the account for an operation that writes their rows.
   * @param write returns its result, and the ids that got no row after all
   */
  async #withFiles<Result>(
    messages: readonly { readonly file: ReceivedFile }[],
    write: (contentIds: readonly number[]) => Promise<{ result: Result; unused: readonly number[] }>,
  ): Promise<Result> {
    const { contentIds, files } = this.#shared;
    const ids = await contentIds.take(messages.length);
    let outcome: 'certain' | 'uncertain' = 'uncertain';
    try {
      await files.link(messages.map(({ file }, index) => ({ file, contentId: ids[index]! })));
      let written: Awaited<ReturnType<typeof write>>;
      try {
        written = await write(ids);
      } catch (error) {
        // After any other error the rows may exist: a worker that died may have committed.
        if (reviveStoreError(error) !== undefined) {
          await files.remove(ids);
          outcome = 'certain';
        }
        throw error;
      }
      await files.remove(written.unused);
      outcome = 'certain';
      return written.result;
    } finally {
      contentIds.settle(ids, outcome);
    }
  }

  #quota(): QuotaLimits {
    return this.#quotaOf?.(this.name) ?? {};
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

function toStoredMessage(message: NewMessage, now: number): Omit<StoredMessage, 'contentId'> {
  const prefix = message.prefix ?? noBytes;
  const flags = message.flags ?? noFlags;
  return {
    mailbox: typeof message.mailbox === 'number' ? message.mailbox : normaliseMailboxName(message.mailbox),
    createMissing: message.createMissing ?? true,
    sha256: message.file.sha256,
    fileSizeBytes: message.file.sizeBytes,
    prefix,
    flagBits: flags.bits,
    keywords: checkKeywords(flags.keywords),
    receivedAt: message.receivedAt ?? now,
    reception: message.reception ?? {},
    ...(message.destinedMailbox === undefined
      ? {}
      : { destinedMailbox: normaliseMailboxName(message.destinedMailbox) }),
    facts: describeContent(message.file.structure, prefix),
    deliveryId: message.deliveryId,
  };
}

/** RFC 9051 §9: a keyword is an atom. @throws KeywordNameError */
function checkKeywords(keywords: readonly string[]): readonly string[] {
  for (const keyword of keywords) {
    if (keyword.length > limits.keywordLength || !/^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+$/.test(keyword)) {
      throw new KeywordNameError(keyword);
    }
  }
  return keywords;
}

function toCopied({ uidValidity, sourceUids, firstUid }: CopiedUids): CopiedMessages {
  return {
    uidValidity,
    pairs: Array.from(sourceUids, (sourceUid, index) => ({ sourceUid, uid: firstUid + index })),
  };
}
