import { join } from 'node:path';
import { checkListedFiles } from '../../backup/check-listed-files.ts';
import { FileWorkers } from '../../backup/file-workers.ts';
import { type AccountToRestore, restoredAccount } from '../../config/restored-account.ts';
import { RestanteError } from '../../runtime/errors.ts';
import type { AccountAtRest } from '../../store/account-at-rest.ts';
import { restoreAccount } from '../../store/restore/restore-account.ts';
import { type RestoreSummary, RestoreTally, type SkippedMessage } from '../../store/restore/restore-tally.ts';
import { type MessageSelection, selectInstances, selectsMessages } from '../../store/restore/select-messages.ts';
import type { CommandContext } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';
import { type OpenBackup, openBackup } from './open-backup.ts';

export interface RestoreAccountRequest {
  /** Absolute. */
  readonly backup: string;
  /** Its name in the backup, or one of the addresses that it has now. */
  readonly account: string;
  readonly selection: MessageSelection;
  readonly mode: 'merge' | 'mirror';
  /** Another account to restore into: its name, or one of its addresses. */
  readonly as?: string | undefined;
  readonly intoMailbox?: string | undefined;
  readonly dryRun: boolean;
  readonly allowIncomplete: boolean;
}

export interface RestoreAccountResult extends RestoreSummary {
  readonly account: string;
  readonly instant: string;
  readonly dryRun: boolean;
  /** The account was not there, and came back as a whole, with its UIDs and its password. */
  readonly cameBack: boolean;
  /** Its configuration came back. */
  readonly configured: boolean;
  /** What of its configuration did not, and why. */
  readonly leftOut: readonly string[];
  /** Nobody can log in to it. */
  readonly lacksPassword: boolean;
}

type Services = Pick<ControlServices, 'accounts' | 'config' | 'domains' | 'installAccount'>;
type Context = Pick<CommandContext, 'signal' | 'log' | 'progress'>;

/** Accounts of this process that are being restored: a second restore would count on what the first is about to change. */
const restoring = new Set<string>();

/**
 * Brings mail of a backup back into an account of the server, while it is used.
 * @throws RestanteError: `restore-running`, `nothing-chosen`, `account-not-in-backup`, `mailbox-not-in-backup`, `unknown-account`, and
 *   what is wrong with the backup
 */
export async function restoreAccountOfBackup(
  services: Services,
  request: RestoreAccountRequest,
  context: Context,
): Promise<RestoreAccountResult> {
  const { config } = services.domains;
  const from = config.addressBook.accountForLogin(request.account) ?? request.account;
  const to = request.as === undefined ? from : knownAccount(config, request.as);
  if (restoring.has(to)) {
    throw new RestanteError('restore-running', `Cannot restore account "${to}": another restore of it is running`, {
      hint: 'Wait until it has ended.',
    });
  }
  restoring.add(to);
  try {
    const backup = await openBackup(request.backup);
    await using source = await backup.openAccount(from);
    return await new AccountRestore(services, { ...request, account: from }, context, backup, source, to).run();
  } finally {
    restoring.delete(to);
  }
}

class AccountRestore {
  readonly #services: Services;
  readonly #request: RestoreAccountRequest;
  readonly #context: Context;
  readonly #backup: OpenBackup;
  readonly #source: AccountAtRest;
  readonly #name: string;

  constructor(
    services: Services,
    request: RestoreAccountRequest,
    context: Context,
    backup: OpenBackup,
    source: AccountAtRest,
    name: string,
  ) {
    this.#services = services;
    this.#request = request;
    this.#context = context;
    this.#backup = backup;
    this.#source = source;
    this.#name = name;
  }

  async run(): Promise<RestoreAccountResult> {
    const { as, selection, intoMailbox, dryRun } = this.#request;
    const isConfigured = Object.hasOwn(this.#services.domains.config.accounts, this.#name);
    await this.#checkFiles(isConfigured);
    const settings = isConfigured ? undefined : await this.#settings();
    const isThere = await this.#services.accounts.exists(this.#name);
    const isWhole = as === undefined && intoMailbox === undefined && selection.mailbox === undefined;
    const cameBack = !isThere && isWhole && !selectsMessages(selection);
    // The mail first: an address that is configured takes new mail at once.
    const summary = await this.#restoreMail(isThere, cameBack);
    for (const text of settings?.leftOut ?? []) this.#context.log('warn', `left out: ${text}`);
    if (settings !== undefined && !dryRun) await this.#services.domains.edit(settings.changes);
    return {
      account: this.#name,
      instant: this.#backup.head.instant,
      dryRun,
      cameBack,
      configured: settings !== undefined,
      leftOut: settings?.leftOut ?? [],
      lacksPassword: !isThere && !cameBack && !dryRun,
      ...summary,
    };
  }

  /** What is wrong with the database would be taken for mail that is missing, or not. Messages are checked one by one. */
  async #checkFiles(isConfigured: boolean): Promise<void> {
    const { backup, account, allowIncomplete } = this.#request;
    const paths = [`data/accounts/${account}/index.db`, ...(isConfigured ? [] : ['config/domains.yaml'])];
    await checkListedFiles(backup, (path) => paths.includes(path), { signal: this.#context.signal, allowIncomplete });
  }

  async #settings(): Promise<AccountToRestore> {
    const path = join(this.#backup.configDirectory, 'domains.yaml');
    const { config, domains } = this.#services;
    return await restoredAccount(path, this.#name, domains.config, Object.keys(config.transports));
  }

  async #restoreMail(isThere: boolean, cameBack: boolean): Promise<RestoreSummary> {
    if (cameBack) return await this.#bringBack();
    if (!isThere && this.#request.dryRun) return await this.#countSelected();
    const { mode, intoMailbox, selection, dryRun } = this.#request;
    const { accounts } = this.#services;
    const { signal } = this.#context;
    await using account = await accounts.open(this.#name);
    await using workers = new FileWorkers({ signal, niceness: 10 });
    return await restoreAccount({
      source: this.#source,
      account,
      accounts,
      selection,
      mode,
      into: intoMailbox,
      dryRun,
      signal,
      checkFiles: (files) => workers.compare('/', files),
      onSkipped: (skipped) => this.#warnOfSkipped(skipped),
      onProgress: ({ step, ...progress }) => this.#context.progress({ step, unit: 'messages', ...progress }),
    });
  }

  #warnOfSkipped({ mailbox, uid, subject, detail, reason }: SkippedMessage): void {
    const { hint } = reasons[reason];
    const named = subject === undefined ? '' : `, subject "${subject.slice(0, 100)}"`;
    const which = uid === undefined ? `mailbox "${mailbox}"` : `message ${uid} of mailbox "${mailbox}"${named}`;
    this.#context.log('warn', `skipped: ${which}: ${detail}`, hint === undefined ? {} : { hint });
  }

  /** The account is not there at all: it is the one of the backup. */
  async #bringBack(): Promise<RestoreSummary> {
    const { backup, account, allowIncomplete, dryRun } = this.#request;
    const tally = new RestoreTally((skipped) => this.#warnOfSkipped(skipped));
    const lost = new Map<string, number>();
    if (!dryRun) {
      await this.#services.installAccount({
        backup,
        account,
        name: this.#name,
        source: this.#source,
        instant: Date.parse(this.#backup.head.instant),
        allowIncomplete,
        signal: this.#context.signal,
        onDamaged: (damaged) => {
          lost.set(damaged.mailbox, (lost.get(damaged.mailbox) ?? 0) + 1);
          tally.skip({ reason: 'damaged', ...damaged });
        },
        onProgress: (done, total) => this.#context.progress({ step: 'restore', done, total, unit: 'files' }),
      });
    }
    for (const { name, messages } of await this.#source.stored.mailboxes()) {
      tally.count(name, 'restored', messages - (lost.get(name) ?? 0));
    }
    return tally.summary();
  }

  /** A dry run without an account to compare with. */
  async #countSelected(): Promise<RestoreSummary> {
    const tally = new RestoreTally();
    const { selection, intoMailbox } = this.#request;
    const { signal } = this.#context;
    for await (const { mailbox, instances } of selectInstances(this.#source, selection, { signal })) {
      tally.count(intoMailbox ?? mailbox.name, 'restored', instances.length);
    }
    return tally.summary();
  }
}

const reasons: Record<SkippedMessage['reason'], { readonly hint?: string }> = {
  damaged: { hint: 'Restore it from another backup.' },
  'over-quota': { hint: 'Raise its quota in domains.yaml, or restore less; then restore again.' },
  limit: {},
  'new-mail': {},
};
