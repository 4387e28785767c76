import { takeTurns } from '../../runtime/take-turns.ts';
import type { ReceivedFile } from '../messages/received-file.ts';
import { MessageFileError, MessageTooLargeError, StoreLimitError } from '../store-errors.ts';
import { contentIdentity } from './content-identity.ts';
import { withoutTraining } from './kept-columns.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { RestoreTally } from './restore-tally.ts';
import type { MissingMessage } from './restore-writer.ts';
import type { StoredContent } from './stored-rows.ts';

/** Messages that are flushed at the same time and added in one transaction. */
const batchSize = 50;

/** Adds what is in no mailbox, in the order of the backup; in a dry run, looks whether it could. */
export async function addMissingMessages(
  options: RestoreAccountOptions,
  plan: RestorePlan,
  tally: RestoreTally,
): Promise<void> {
  const adding = new MissingAdder(options, plan, tally);
  const { missing } = plan;
  let batch: number[] = [];
  for (let at = 0; at <= missing.size; at++) {
    const isOther = batch.length > 0 && (at === missing.size || missing.mailboxOf(batch[0]!) !== missing.mailboxOf(at));
    if (isOther || batch.length === batchSize) {
      await adding.add(
        missing.mailboxOf(batch[0]!),
        batch.map((each) => missing.uidOf(each)),
      );
      batch = [];
    }
    if (at < missing.size && !missing.isTaken(at)) batch.push(at);
  }
}

/** A message of the backup on its way. */
interface Prepared {
  readonly row: StoredContent;
  readonly file: ReceivedFile;
}

class MissingAdder {
  readonly #options: RestoreAccountOptions;
  readonly #plan: RestorePlan;
  readonly #tally: RestoreTally;
  readonly #total: number;
  /** MODSEQ up to which what came into a target is known, and what came that no message has been found to be yet. */
  readonly #seen = new Map<number, number>();
  readonly #appeared = new Map<number, string[]>();
  readonly #turn = takeTurns();
  /** Of the backup: that of the batch under way. */
  #mailbox = '';
  #done = 0;
  #bytes = 0;
  /** What a dry run would have added. */
  #imagined = { bytes: 0, messages: 0 };

  constructor(options: RestoreAccountOptions, plan: RestorePlan, tally: RestoreTally) {
    this.#options = options;
    this.#plan = plan;
    this.#tally = tally;
    const { missing } = plan;
    let total = 0;
    for (let at = 0; at < missing.size; at++) if (!missing.isTaken(at)) total++;
    this.#total = total;
  }

  async add(source: number, uids: readonly number[]): Promise<void> {
    const { signal, dryRun, onProgress } = this.#options;
    signal.throwIfAborted();
    const { mailbox, target } = this.#plan.sources[source]!;
    this.#mailbox = mailbox.name;
    const rows = await this.#options.source.stored.contents(mailbox.id, uids);
    await this.#turn();
    const wanted = await this.#withRoom(target, this.#notAppeared(target, rows));
    if (dryRun) await this.#imagine(target, wanted);
    else await this.#addRows(target, wanted);
    this.#done += uids.length;
    onProgress({ step: 'restore', done: this.#done, total: this.#total, bytes: this.#bytes });
  }

  /** Leaves out what came by itself since the account was looked at. */
  #notAppeared(target: number, rows: readonly StoredContent[]): readonly StoredContent[] {
    const appeared = this.#appeared.get(target);
    if (appeared === undefined || appeared.length === 0) return rows;
    return rows.filter((row) => {
      const at = appeared.indexOf(hexOf(contentIdentity(row.sha256, row.prefix)));
      if (at === -1) return true;
      appeared.splice(at, 1);
      this.#tally.count(this.#nameOf(target), 'alreadyThere');
      return false;
    });
  }

  /** Leaves out what the account has no room for, before it is read. The transaction decides. */
  async #withRoom(target: number, rows: readonly StoredContent[]): Promise<StoredContent[]> {
    const quota = await this.#options.account.read((reader) => reader.quota());
    const { limitBytes = Number.POSITIVE_INFINITY, limitMessages = Number.POSITIVE_INFINITY } = quota;
    let used = quota.usedBytes + this.#imagined.bytes;
    let messages = quota.messages + this.#imagined.messages;
    return rows.filter((row) => {
      if (used + row.sizeBytes > limitBytes || messages + 1 > limitMessages) {
        this.#skip(target, row, 'over-quota', overQuota);
        return false;
      }
      used += row.sizeBytes;
      messages++;
      return true;
    });
  }

  async #imagine(target: number, rows: readonly StoredContent[]): Promise<void> {
    const problems = await this.#options.checkFiles(
      rows.map(({ contentId, fileSizeBytes: sizeBytes, sha256 }) => {
        return { path: this.#options.source.filePath(contentId), sizeBytes, sha256: hexOf(sha256) };
      }),
    );
    const details = new Map(problems.map(({ at, detail }) => [at, detail]));
    for (const [at, row] of rows.entries()) {
      const detail = details.get(at);
      if (detail !== undefined) this.#skip(target, row, 'damaged', `its file ${detail}`);
      else {
        this.#imagined.bytes += row.sizeBytes;
        this.#imagined.messages++;
        this.#restored(target, row);
      }
    }
  }

  async #addRows(target: number, rows: readonly StoredContent[]): Promise<void> {
    const prepared: Prepared[] = [];
    try {
      for (const row of rows) {
        const file = await this.#prepare(target, row);
        if (file !== undefined) prepared.push({ row, file });
      }
      await this.#addPrepared(target, prepared);
    } finally {
      for (const { file } of prepared) await file[Symbol.asyncDispose]();
    }
  }

  async #addPrepared(target: number, prepared: readonly Prepared[]): Promise<void> {
    if (prepared.length === 0) return;
    const { account } = this.#options;
    const seen = this.#seen.get(target) ?? this.#plan.live.modseq;
    let result: Awaited<ReturnType<typeof account.restoring.addMissing>>;
    try {
      result = await account.restoring.addMissing(
        this.#nameOf(target),
        seen,
        prepared.map((each) => this.#toMissing(each)),
      );
    } catch (error) {
      if (!(error instanceof StoreLimitError)) throw error;
      if (prepared.length > 1) {
        for (const each of prepared) await this.#addPrepared(target, [each]);
      } else this.#skip(target, prepared[0]!.row, 'limit', error.message);
      return;
    }
    this.#seen.set(target, result.modseq);
    const appeared = this.#appeared.get(target) ?? [];
    this.#appeared.set(target, [...appeared, ...result.appeared]);
    for (const [at, { row }] of prepared.entries()) {
      const outcome = result.outcomes[at]!;
      if (outcome === 'added') this.#restored(target, row);
      else if (outcome === 'present') this.#tally.count(this.#nameOf(target), 'alreadyThere');
      else this.#skip(target, row, 'over-quota', overQuota);
    }
  }

  /** @returns undefined for one that is damaged, which is noted */
  async #prepare(target: number, row: StoredContent): Promise<ReceivedFile | undefined> {
    const { source, accounts } = this.#options;
    await using intake = await accounts.startMessage();
    try {
      for await (const piece of source.contents.stream({ ...row, prefix: noBytes }))
        await intake.write(piece as Buffer);
    } catch (error) {
      if (error instanceof MessageTooLargeError) this.#skip(target, row, 'limit', error.message);
      else if (isOfFile(error, source.filePath(row.contentId))) this.#skip(target, row, 'damaged', error.message);
      else throw error;
      return undefined;
    }
    const file = await intake.finish();
    if (hexOf(file.sha256) === hexOf(row.sha256)) return file;
    await file[Symbol.asyncDispose]();
    this.#skip(target, row, 'damaged', 'its file was changed: its SHA-256 is not the one that it was stored with');
    return undefined;
  }

  #toMissing({ row, file }: Prepared): MissingMessage {
    const { prefix, kept, receivedAt, flagBits: bits, keywords } = row;
    const known = this.#plan.live.everyMailboxId;
    const { originalMailboxId: original, destinedMailboxId: destined } = row;
    const isKnown = this.#plan.sameAccount && known.has(original) && (destined === null || known.has(destined));
    return {
      file,
      prefix,
      kept: this.#plan.sameAccount ? kept : withoutTraining(kept),
      receivedAt,
      flags: { bits, keywords: keywords === null ? [] : (JSON.parse(keywords) as string[]) },
      places: isKnown ? { original, destined } : undefined,
    };
  }

  #restored(target: number, { sizeBytes }: StoredContent): void {
    this.#bytes += sizeBytes;
    this.#tally.count(this.#nameOf(target), 'restored');
  }

  #skip(
    target: number,
    { uid, subject }: StoredContent,
    reason: 'damaged' | 'over-quota' | 'limit',
    detail: string,
  ): void {
    this.#tally.skip({ reason, mailbox: this.#mailbox, uid, subject, detail }, this.#nameOf(target));
  }

  #nameOf(target: number): string {
    return this.#plan.targets[target]!.name;
  }
}

const noBytes = new Uint8Array(0);
const overQuota = 'the account would have more than its quota allows';

/** Whether it is the file that can't be read: not another one that can't be written. */
function isOfFile(error: unknown, path: string): error is MessageFileError {
  return error instanceof MessageFileError && error.context.path === path;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
