/**
 * Import of a whole account from another IMAP server.
 *
 * State: `import_mailboxes`, `imported_messages` and `import_unmatched` of the account's database. A message and the row that says that
 * it has come are one transaction, so that whatever is killed at any moment leaves an import that goes on without doubles and misses
 * nothing: what is not in a row is fetched again. A mailbox is listed from `complete_below` on, which is written when all below is dealt
 * with. Nothing is changed at the source: mailboxes are opened with EXAMINE.
 */
import { connectImap } from '../imap-client/connect-imap.ts';
import { ImapRefusedError } from '../imap-client/imap-client-error.ts';
import type { ImapSession } from '../imap-client/imap-session.ts';
import { enableUtf8, listMailboxes, listNamespaces } from '../imap-client/list-mailboxes.ts';
import { type MailboxStatus, statusOfMailbox } from '../imap-client/status-of-mailbox.ts';
import { RestanteError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Account } from '../store/account.ts';
import type { Accounts } from '../store/accounts.ts';
import type { ImportMailbox } from '../store/imports/import-rows.ts';
import type { SpecialUse } from '../store/mailboxes/mailbox.ts';
import { MailboxImport } from './import-mailbox.ts';
import type { ImportMetrics } from './import-metrics.ts';
import { type ImapImportRequest, sourceName } from './import-request.ts';
import { type ImapImportResult, ImportTally } from './import-tally.ts';
import { type MailboxPlan, type PlannedMailbox, planMailboxes } from './plan-mailboxes.ts';
import { SourceConnection } from './source-connection.ts';

export interface ImapImportOptions {
  readonly account: Account;
  readonly accounts: Pick<Accounts, 'startMessage'>;
  readonly request: ImapImportRequest;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly metrics?: Pick<ImportMetrics, 'count' | 'countFailed'> | undefined;
  onProgress(progress: { mailbox: string; done: number; total: number; bytes: number; totalBytes?: number }): void;
  /** For tests: shorter waits than those of `limits`. */
  readonly firstWaitMs?: number;
  readonly readTimeoutMs?: number;
}

/** Accounts of this process that are being imported into: a second import would bring the same messages. */
const importing = new Set<string>();

/**
 * @throws RestanteError: `import-running`; `imap-connection`, `imap-tls`, `imap-login`; `over-quota` and what else the store throws. What
 *   has come until then stays, and the next import goes on after it.
 */
export async function importImapAccount(options: ImapImportOptions): Promise<ImapImportResult> {
  const { name } = options.account;
  if (importing.has(name)) {
    throw new RestanteError('import-running', `Cannot import into account "${name}": another import is running`, {
      hint: 'Wait until it has ended.',
    });
  }
  importing.add(name);
  try {
    return await new AccountImport(options).run();
  } finally {
    importing.delete(name);
  }
}

interface Surveyed {
  readonly planned: PlannedMailbox;
  /** Undefined when the source refuses to tell. */
  readonly status: MailboxStatus | undefined;
  readonly known: ImportMailbox | undefined;
  readonly cameBefore: number;
}

class AccountImport {
  readonly #options: ImapImportOptions;
  readonly #source: string;
  readonly #tally: ImportTally;
  #total = 0;
  #totalBytes: number | undefined = 0;

  constructor(options: ImapImportOptions) {
    this.#options = options;
    this.#source = sourceName(options.request);
    this.#tally = new ImportTally(({ mailbox, uid, reason }) => {
      options.log.debug({ mailbox, uid }, `skipped: ${reason}`);
    });
  }

  async run(): Promise<ImapImportResult> {
    const { account, request, log, metrics } = this.#options;
    const rest = { account: account.name, source: this.#source, dryRun: request.dryRun };
    try {
      await using connection = this.#connection();
      const plan = await connection.use((session) => this.#plan(session));
      this.#tally.failed.push(...plan.failed);
      for (const { name, reason } of plan.leftOut) log.debug({ mailbox: name }, `left out: ${reason}`);
      const surveyed = await connection.use((session) => this.#survey(session, plan.mailboxes));
      for (const each of surveyed) await this.#importMailbox(connection, each);
      const result = this.#tally.result({ ...rest, leftOut: plan.leftOut });
      if (!request.dryRun) metrics?.count(result);
      return result;
    } catch (error) {
      if (!request.dryRun) metrics?.countFailed(this.#tally.result({ ...rest, leftOut: [] }));
      throw error;
    }
  }

  #connection(): SourceConnection {
    const { request, signal, log, firstWaitMs, readTimeoutMs } = this.#options;
    const { target, credentials } = request;
    return new SourceConnection({
      signal,
      firstWaitMs,
      retriesLogin: credentials.mechanism !== 'xoauth2' && credentials.mechanism !== 'oauthbearer',
      async open() {
        const session = await connectImap(target, credentials, { log, signal, readTimeoutMs });
        await enableUtf8(session);
        return session;
      },
      onLost(error, waitMs) {
        log.warn({}, `${error.message}; trying again in ${Math.ceil(waitMs / 1000)} s`);
      },
    });
  }

  async #plan(session: ImapSession): Promise<MailboxPlan> {
    const namespaces = await listNamespaces(session).catch((error: unknown) => {
      // Not worth more than a guess.
      if (error instanceof ImapRefusedError) return undefined;
      throw error;
    });
    const listed = await listMailboxes(session);
    const here = await this.#options.account.read((reader) => reader.mailboxes.all());
    const present = new Map<SpecialUse, string>(
      here.flatMap(({ name, specialUse }) => specialUse.map((use) => [use, name] as const)),
    );
    return planMailboxes(listed, namespaces, this.#options.request.choice, present, session.has('X-GM-EXT-1'));
  }

  /** Finds out how much there is to do. */
  async #survey(session: ImapSession, planned: readonly PlannedMailbox[]): Promise<Surveyed[]> {
    const [known, counts] = await this.#options.account.read(async ({ imports }) => [
      new Map((await imports.mailboxes(this.#source)).map((mailbox) => [mailbox.name, mailbox])),
      await imports.counts(this.#source),
    ]);
    const surveyed: Surveyed[] = [];
    this.#total = 0;
    this.#totalBytes = 0;
    for (const each of planned) {
      const before = known.get(each.listed.name);
      const cameBefore = before === undefined ? 0 : (counts.get(before.id) ?? 0);
      const status = await statusOfMailbox(session, each.listed.wireName).catch((error: unknown) => {
        // Opening it says more.
        if (error instanceof ImapRefusedError && !error.isTemporary) return undefined;
        throw error;
      });
      surveyed.push({ planned: each, status, known: before, cameBefore });
      if (status === undefined || each.unlabelledOnly) continue;
      const have = before?.uidValidity === status.uidValidity ? cameBefore : 0;
      const pending = Math.max(0, status.messages - have);
      this.#total += pending;
      const bytes = status.sizeBytes === undefined ? undefined : status.sizeBytes * (pending / (status.messages || 1));
      this.#totalBytes =
        bytes === undefined || this.#totalBytes === undefined ? undefined : this.#totalBytes + Math.round(bytes);
    }
    return surveyed;
  }

  async #importMailbox(connection: SourceConnection, each: Surveyed): Promise<void> {
    const { account, accounts, request, log } = this.#options;
    const { planned, status, known, cameBefore } = each;
    const { name } = planned.listed;
    const summary = this.#tally.mailbox(name, planned.target);
    const onProgress = (): void => {
      connection.progressed();
      const { messages: done, bytes } = this.#tally.done;
      const total = Math.max(this.#total, done);
      const totalBytes = this.#totalBytes === undefined ? {} : { totalBytes: Math.max(this.#totalBytes, bytes) };
      this.#options.onProgress({ mailbox: name, done, total, bytes, ...totalBytes });
    };
    if (this.#isUpToDate(each)) {
      summary.alreadyThere = cameBefore;
      return;
    }
    const mailbox = new MailboxImport({
      account,
      accounts,
      source: this.#source,
      planned,
      known,
      cameBefore,
      updateFlags: request.updateFlags,
      dryRun: request.dryRun,
      tally: this.#tally,
      summary,
      onProgress,
      onLeftOutKeywords(keywords) {
        const names = [...keywords].slice(0, 5).map((keyword) => JSON.stringify(keyword));
        const text = `${keywords.size} keywords that can't be kept here: ${names.join(', ')}`;
        log.warn({}, `mailbox "${name}" has ${text}${keywords.size > 5 ? ', …' : ''}`);
      },
    });
    try {
      await connection.use((session) => mailbox.run(session));
    } catch (error) {
      if (!(error instanceof ImapRefusedError)) throw error;
      this.#tally.failed.push({ name, reason: error.message });
      return;
    }
    log.debug({ mailbox: name, messages: status?.messages, imported: summary.imported }, 'mailbox imported');
  }

  /** Nothing has come since, as far as the source says without being asked for more. */
  #isUpToDate({ known, status }: Surveyed): boolean {
    if (known === undefined || !known.isPrepared || status?.uidNext === undefined) return false;
    if (known.uidValidity !== status.uidValidity || status.uidNext > known.completeBelow) return false;
    return !this.#options.request.updateFlags || (known.modseq !== '' && known.modseq === status.modseq);
  }
}
