import { type ExaminedMailbox, examineMailbox } from '../imap-client/examine-mailbox.ts';
import { fetchMessages, listMessages } from '../imap-client/fetch-messages.ts';
import { ImapConnectionError, ImapRefusedError } from '../imap-client/imap-client-error.ts';
import type { ImapSession } from '../imap-client/imap-session.ts';
import { parseDate } from '../message/parse-date.ts';
import { limits } from '../runtime/limits.ts';
import type { Account } from '../store/account.ts';
import type { Accounts } from '../store/accounts.ts';
import type { ImportMailbox } from '../store/imports/import-rows.ts';
import type { SourceFlags as FlagsOfMessage } from '../store/operations/update-imported-flags.ts';
import { dropMessage, ImportBatch, type TakenMessage, takeMessage } from './import-batch.ts';
import type { ImportTally, MailboxSummary } from './import-tally.ts';
import { MissingMessages } from './missing-messages.ts';
import type { PlannedMailbox } from './plan-mailboxes.ts';
import { prepareMailbox } from './prepare-mailbox.ts';
import { SourceFlags } from './source-flags.ts';
import { type WantedMessage, WantedMessages } from './wanted-messages.ts';

export interface MailboxImportOptions {
  readonly account: Account;
  readonly accounts: Pick<Accounts, 'startMessage'>;
  readonly source: string;
  readonly planned: PlannedMailbox;
  /** What was known of it before. */
  readonly known: ImportMailbox | undefined;
  /** Messages that had come before, with the UIDVALIDITY that was known. */
  readonly cameBefore: number;
  readonly updateFlags: boolean;
  readonly dryRun: boolean;
  readonly tally: ImportTally;
  readonly summary: MailboxSummary;
  /** Messages have come to stay. */
  onProgress(): void;
  onLeftOutKeywords(keywords: ReadonlySet<string>): void;
}

/** Messages whose flags are compared in one transaction. */
const flagsAtOnce = 500;

/** Brings the messages of one mailbox. Goes on where it was when it is run again, with another session or another process. */
export class MailboxImport {
  readonly #options: MailboxImportOptions;
  readonly #missing: MissingMessages;
  #flags = new SourceFlags([]);
  #hasMatched = false;

  constructor(options: MailboxImportOptions) {
    this.#options = options;
    this.#missing = new MissingMessages((message, reason) => {
      options.tally.skip(options.summary, { uid: message.uid, sizeBytes: message.sizeBytes, reason });
      options.onProgress();
    });
  }

  /** @throws ImapRefusedError, ImapConnectionError, and what the store throws */
  async run(session: ImapSession): Promise<void> {
    const { account, planned, source, dryRun, updateFlags, known, summary, tally } = this.#options;
    const { name, wireName } = planned.listed;
    const examined = await examineMailbox(session, wireName);
    const state = dryRun
      ? this.#assumedState(examined)
      : await account.imports.begin({ source, name, uidValidity: examined.uidValidity });
    const isFirst = !state.isPrepared;
    if (known?.uidValidity === examined.uidValidity) summary.alreadyThere = this.#options.cameBefore;
    if (!dryRun) await this.#prepare(state);
    if (updateFlags && !isFirst && !dryRun) await this.#followFlags(session, state, examined);
    const { wanted, after } = await this.#list(session, state, examined);
    if (dryRun) {
      for (let at = 0; at < wanted.length; at++) tally.add(summary, wanted.at(at).sizeBytes);
      return;
    }
    await this.#fetch(session, state, wanted);
    if (this.#flags.leftOut.size > 0) this.#options.onLeftOutKeywords(this.#flags.leftOut);
    // Flags of messages that came earlier may have changed before; of those that were matched it isn't known when they came.
    const modseq = this.#hasMatched ? '' : updateFlags || isFirst ? examined.modseq : state.modseq;
    const completeBelow = Math.min(after, this.#missing.firstSkipped);
    await account.imports.settle({ importMailboxId: state.id, completeBelow, modseq });
  }

  #assumedState({ uidValidity }: ExaminedMailbox): ImportMailbox {
    const { known, planned } = this.#options;
    if (known?.uidValidity === uidValidity) return known;
    const { name } = planned.listed;
    return { id: 0, name, uidValidity, completeBelow: 1, modseq: '', isPrepared: false };
  }

  async #prepare(state: ImportMailbox): Promise<void> {
    const { account, planned } = this.#options;
    if (!state.isPrepared) {
      await prepareMailbox(account, planned);
      const { id: importMailboxId, completeBelow, modseq } = state;
      await account.imports.settle({ importMailboxId, completeBelow, modseq });
    }
    const mailbox = await account.read((reader) => reader.mailboxes.named(planned.target));
    this.#flags = new SourceFlags(mailbox?.keywords ?? []);
  }

  /** What has been done at the source to flags of messages that are here. */
  async #followFlags(session: ImapSession, state: ImportMailbox, examined: ExaminedMailbox): Promise<void> {
    const { account, summary } = this.#options;
    if (examined.messages === 0 || (examined.modseq !== '' && examined.modseq === state.modseq)) return;
    let batch: FlagsOfMessage[] = [];
    const update = async (): Promise<void> => {
      const messages = batch;
      batch = [];
      summary.flagsChanged += await account.imports.updateFlags(state.id, messages);
    };
    const changedSince = examined.modseq === '' || state.modseq === '' ? undefined : state.modseq;
    await listMessages(session, { from: 1, flags: true, changedSince }, async ({ uid, flags = [] }) => {
      const { bits, keywords } = this.#flags.read(flags);
      batch.push({ uid, flagBits: bits, keywords });
      if (batch.length === flagsAtOnce) await update();
    });
    if (batch.length > 0) await update();
  }

  /** @returns messages that have not come yet; the UID after the last one there is */
  async #list(
    session: ImapSession,
    state: ImportMailbox,
    examined: ExaminedMailbox,
  ): Promise<{ wanted: WantedMessages; after: number }> {
    const { account, planned } = this.#options;
    const { messages, uidNext } = examined;
    const from = state.completeBelow;
    const wanted = new WantedMessages();
    let after = from;
    if (messages === 0 || (uidNext !== 0 && uidNext <= from)) return { wanted, after };
    const come = state.id === 0 ? undefined : await account.read((reader) => reader.imports.uids(state.id, from));
    await listMessages(session, { from, labels: planned.unlabelledOnly }, ({ uid, sizeBytes, labels }) => {
      after = Math.max(after, uid + 1);
      if (come?.has(uid) || this.#missing.isSkipped(uid) || isElsewhere(labels)) return;
      if (sizeBytes > limits.messageBytes) this.#missing.skip({ uid, sizeBytes }, tooLarge);
      else wanted.add({ uid, sizeBytes });
    });
    wanted.sort();
    return { wanted, after };
  }

  async #fetch(session: ImapSession, state: ImportMailbox, wanted: WantedMessages): Promise<void> {
    const { account, planned, summary, tally } = this.#options;
    await using batch = new ImportBatch({
      imports: account.imports,
      importMailboxId: state.id,
      mailbox: planned.target,
      onAdded: ({ taken }, outcome) => {
        if (outcome === 'added') tally.add(summary, taken.sizeBytes);
        else if (outcome === 'matched') {
          tally.match(summary);
          this.#hasMatched = true;
        }
        this.#options.onProgress();
      },
    });
    try {
      for (let at = 0; at < wanted.length; ) {
        // One that was in the way before is asked for by itself.
        const some = [wanted.at(at++)];
        while (some.length < limits.importFetchMessages && at < wanted.length) {
          if (this.#missing.isSuspect(some[0]!.uid) || this.#missing.isSuspect(wanted.at(at).uid)) break;
          some.push(wanted.at(at++));
        }
        await this.#fetchSome(session, batch, some);
      }
    } catch (error) {
      // What came before the connection broke is whole.
      if (error instanceof ImapConnectionError || error instanceof ImapRefusedError) await batch.flush();
      throw error;
    }
    await batch.flush();
  }

  async #fetchSome(session: ImapSession, batch: ImportBatch, messages: readonly WantedMessage[]): Promise<void> {
    const outstanding = new Map(messages.map((message) => [message.uid, message]));
    if (messages.length > 1) {
      try {
        await this.#ask(session, batch, outstanding, [...outstanding.keys()]);
      } catch (error) {
        const [first] = outstanding.values();
        if (error instanceof ImapConnectionError && first !== undefined) this.#missing.blame(first, error);
        if (!(error instanceof ImapRefusedError) || error.isTemporary) throw error;
      }
    }
    // Some servers leave out what they can't read, or refuse all of a command for one message.
    for (const message of [...outstanding.values()]) {
      if (!this.#missing.isSkipped(message.uid)) await this.#fetchOne(session, batch, message);
    }
  }

  async #fetchOne(session: ImapSession, batch: ImportBatch, message: WantedMessage): Promise<void> {
    const outstanding = new Map([[message.uid, message]]);
    let reason = 'the source does not hand it out';
    try {
      await this.#ask(session, batch, outstanding, [message.uid]);
    } catch (error) {
      if (error instanceof ImapConnectionError) this.#missing.blame(message, error);
      if (!(error instanceof ImapRefusedError) || error.isTemporary) throw error;
      reason = error.message;
    }
    const isMissing = outstanding.size > 0 && !this.#missing.isSkipped(message.uid);
    // Else it is gone, which is no fault.
    if (isMissing && (await isThere(session, message.uid))) this.#missing.skip(message, reason);
  }

  /** Fetches messages, and takes those that come out of the outstanding ones. */
  async #ask(
    session: ImapSession,
    batch: ImportBatch,
    outstanding: Map<number, WantedMessage>,
    uids: readonly number[],
  ): Promise<void> {
    await fetchMessages(session, uids, {
      take: (body) => takeMessage(this.#options.accounts, body),
      drop: dropMessage,
      message: async ({ uid, flags, receivedAt, content: taken }) => {
        const { sizeBytes } = taken;
        outstanding.delete(uid);
        if (taken.file === undefined) return this.#missing.skip({ uid, sizeBytes }, tooLarge);
        const date = receivedAt ?? (await sentAt(taken));
        await batch.add({
          sourceUid: uid,
          flags: this.#flags.read(flags),
          ...(date === undefined ? {} : { receivedAt: date }),
          taken,
        });
      },
    });
  }
}

const tooLarge = `it is larger than ${limits.messageBytes / 1024 / 1024} MiB, the most that a message may have here`;

/** Labels of Gmail that are no mailboxes of their own. */
const viewLabels = new Set(['\\starred', '\\important', '\\muted']);

function isElsewhere(labels: readonly string[] | undefined): boolean {
  return labels?.some((label) => !viewLabels.has(label.toLowerCase())) ?? false;
}

/** For a source without a usable INTERNALDATE. */
async function sentAt({ file }: TakenMessage): Promise<number | undefined> {
  const date = (await file)?.structure.envelope.date;
  return date === undefined ? undefined : parseDate(date)?.timestampMs;
}

async function isThere(session: ImapSession, uid: number): Promise<boolean> {
  let found = false;
  await session.command(`UID FETCH ${uid} (UID)`, {
    onUntagged({ name }) {
      if (name === 'FETCH') found = true;
    },
  });
  return found;
}
