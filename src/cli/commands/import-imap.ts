import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ImapImportResult } from '../../control/commands/import-imap.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { JsonEvents } from '../json-events.ts';
import { counted, sizeText } from '../print-result.ts';
import { printableName } from '../printable-name.ts';
import { ProgressLine } from '../progress-line.ts';
import { readSourceSecret } from '../read-source-secret.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import type { ShownWork } from '../shown-work.ts';

interface ImportImapOptions {
  host: string;
  port?: string;
  user: string;
  tls: string;
  caFile?: string;
  fingerprint?: string;
  passwordFile?: string;
  passwordCommand?: string;
  auth: string;
  mailbox: string[];
  exclude: string[];
  prefix?: string;
  map: string[];
  keepNames?: boolean;
  includeVirtual?: boolean;
  includeShared?: boolean;
  updateFlags?: boolean;
  source?: string;
  dryRun?: boolean;
  verbose?: boolean;
  json?: boolean;
}

const usualPorts: Readonly<Record<string, number>> = { implicit: 993, starttls: 143, none: 143 };
const mechanisms = ['auto', 'login', 'plain', 'oauthbearer', 'xoauth2'];
const gather = (value: string, before: string[]): string[] => [...before, value];

/** Brings the mail of an account of another IMAP server; run again, it brings what is new. */
export function importImap(command: Command): void {
  command
    .argument('<account>', 'name of the account here, or one of its addresses')
    .requiredOption('--host <name>', 'the other server')
    .requiredOption('--user <login>', 'login there')
    .option('--port <number>', 'default: 993, or 143 without implicit TLS')
    .option('--tls <kind>', 'implicit, starttls or none; none sends everything, the mail too, in the clear', 'implicit')
    .option('--ca-file <file>', 'PEM file of authorities to trust instead of those of this system')
    .option('--fingerprint <sha256>', 'trust the certificate with this SHA-256 fingerprint, and no other')
    .option('--password-file <file>', 'read the password from the first line of a file')
    .option('--password-command <command>', 'read it from the first line that a command prints')
    .option('--auth <mechanism>', `how to log in: ${mechanisms.join(', ')}; the last two take a token`, 'auto')
    .option('--mailbox <pattern>', 'only this mailbox of the source and those below it; may be repeated', gather, [])
    .option('--exclude <pattern>', 'not this mailbox and those below it; may be repeated', gather, [])
    .option('--prefix <name>', 'put everything below this mailbox')
    .option('--map <from=to>', 'put a mailbox, with those below it, into another; may be repeated', gather, [])
    .option('--keep-names', 'keep the names of mailboxes for sent mail, drafts, junk, trash and archive')
    .option('--include-virtual', 'also views of messages that are in other mailboxes, such as All Mail of Gmail')
    .option('--include-shared', 'also mailboxes of other users, and shared ones')
    .option('--update-flags', 'also follow changes of flags of messages that have come before')
    .option('--source <name>', 'name that the source is remembered by; default: login and host')
    .option('--dry-run', 'say what would come, and change nothing')
    .option('--verbose', 'say what is being done')
    .option('--json', 'print JSON: one event a line, the last is the result')
    .action(async (account: string, options: ImportImapOptions) => {
      const result = await run(command, account, options);
      if (result.skipped + result.failed.length > 0) process.exitCode = exitCode.incomplete;
    });
}

async function run(command: Command, account: string, options: ImportImapOptions): Promise<ImapImportResult> {
  const request = { account, ...(await requestOf(options)) };
  const events = options.json ? new JsonEvents() : undefined;
  const shown = new CountingWork(events ?? new ProgressLine());
  if (options.tls === 'none') {
    const message = 'nothing is encrypted: whoever is between can read the mail';
    shown.log({ level: 'warn', message, fields: {} });
  }
  for (;;) {
    const secret = await readSourceSecret(options);
    const credentials = { login: options.user, secret, mechanism: options.auth };
    shown.bytes = 0;
    try {
      const given = { ...request, credentials };
      const work = { verbose: options.verbose, shown };
      const result = (await serverOrOfflineRequest(command, 'importImap', given, work)) as ImapImportResult;
      if (events !== undefined) events.result(result);
      else print(result);
      return result;
    } catch (error) {
      // A token may have ended on the way: the command makes another one.
      const isOver = error instanceof RestanteError && error.code === 'imap-login' && shown.bytes > 0;
      if (!isOver || options.passwordCommand === undefined) throw error;
    }
  }
}

async function requestOf(options: ImportImapOptions) {
  const { host, tls, port, caFile, auth, prefix, source } = options;
  if (!Object.hasOwn(usualPorts, tls)) {
    throw new UsageError(`Cannot use TLS "${tls}"`, 'Take implicit, starttls or none.');
  }
  if (!mechanisms.includes(auth)) throw new UsageError(`Cannot log in by "${auth}"`, `Take ${mechanisms.join(', ')}.`);
  const fingerprint = options.fingerprint
    ?.replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    throw new UsageError(`Cannot use fingerprint "${options.fingerprint}"`, 'It has 64 hexadecimal digits.');
  }
  if (tls === 'none' && (caFile !== undefined || fingerprint !== undefined)) {
    throw new UsageError('Cannot check a certificate without TLS', 'Take --tls implicit or --tls starttls.');
  }
  const authorities = caFile === undefined ? undefined : await readAuthorities(caFile);
  return {
    target: {
      host,
      port: port === undefined ? usualPorts[tls] : portOf(port),
      tls,
      ...(authorities === undefined ? {} : { authorities }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
    },
    ...(source === undefined ? {} : { source }),
    choice: {
      include: options.mailbox,
      exclude: options.exclude,
      ...(prefix === undefined ? {} : { prefix }),
      map: options.map.map(mappingOf),
      keepNames: options.keepNames ?? false,
      includeVirtual: options.includeVirtual ?? false,
      includeShared: options.includeShared ?? false,
    },
    updateFlags: options.updateFlags ?? false,
    dryRun: options.dryRun ?? false,
  };
}

async function readAuthorities(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`Cannot read authorities from "${path}": ${error.message}`);
  });
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new UsageError(`Cannot read authorities from "${path}": it has no certificate in PEM`);
  }
  return text;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw new UsageError(`Cannot use port "${text}"`);
  return port;
}

function mappingOf(text: string): { from: string; to: string } {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) {
    throw new UsageError(`Cannot map "${text}"`, 'It has the form --map "Name there=Name here".');
  }
  return { from: text.slice(0, at), to: text.slice(at + 1) };
}

/** Knows whether any message has come. */
class CountingWork implements ShownWork {
  bytes = 0;
  readonly #shown: ShownWork;

  constructor(shown: ShownWork) {
    this.#shown = shown;
  }

  show(progress: Parameters<ShownWork['show']>[0]): void {
    this.bytes = progress.bytes ?? 0;
    this.#shown.show(progress);
  }

  log(line: Parameters<ShownWork['log']>[0]): void {
    this.#shown.log(line);
  }

  clear(): void {
    this.#shown.clear();
  }
}

function print(result: ImapImportResult): void {
  const { account, source, imported, bytes, alreadyThere, matched, flagsChanged, skipped, failed, dryRun } = result;
  const write = (text: string): void => void process.stdout.write(`${printableName(text)}\n`);
  for (const mailbox of result.mailboxes) {
    const there = mailbox.alreadyThere + mailbox.matched;
    const counts = [
      `${mailbox.imported} ${dryRun ? 'to import' : 'imported'}`,
      ...(there > 0 ? [`${there} already there`] : []),
      ...(mailbox.skipped > 0 ? [`${mailbox.skipped} skipped`] : []),
    ];
    const renamed = mailbox.target === mailbox.name ? '' : ` -> ${mailbox.target}`;
    write(`${mailbox.name}${renamed}: ${counts.join(', ')}`);
  }
  for (const { name, reason } of result.leftOut) write(`${name}: left out, ${reason}`);
  const counts = [
    `${counted(imported, 'message')} ${dryRun ? 'to import' : 'imported'} (${sizeText(bytes)})`,
    `${alreadyThere + matched} already there`,
    ...(flagsChanged > 0 ? [`flags of ${flagsChanged} changed`] : []),
    `${skipped} skipped`,
    ...(failed.length > 0 ? [`${counted(failed.length, 'mailbox')} failed`] : []),
  ].join(', ');
  write(`${account}: ${counts}, from ${source}${dryRun ? '; this was a dry run, nothing was changed' : ''}`);
  for (const { mailbox, uid, reason, sizeBytes } of result.skippedMessages) {
    write(`skipped: message ${uid} of "${mailbox}" (${sizeText(sizeBytes)}): ${reason}`);
  }
  if (skipped > result.skippedMessages.length) write(`skipped: ${skipped - result.skippedMessages.length} more`);
  for (const { name, reason } of failed) write(`failed: "${name}": ${reason}`);
}
