import { dirname, join, resolve } from 'node:path';
import type { RestoreResult } from '../../backup/restore-backup.ts';
import { UsageError } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { programAtRest } from '../main-program.ts';
import { counted, printJson, sizeText } from '../print-result.ts';
import { ProgressLine } from '../progress-line.ts';
import type { RestoreCommandOptions } from './restore-options.ts';

/** Shown on a terminal; --json has all. */
const maxShown = 20;

/** Restores a whole backup to new directories. */
export async function restoreWhole(
  backup: string,
  dataDirectory: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const { restoreDirectory } = await programAtRest();
  const { dryRun = false, fromVersion } = options;
  if (fromVersion !== undefined && !/^\d+$/.test(fromVersion)) {
    throw new UsageError(
      `Cannot use "${fromVersion}" as a format`,
      'The first line of manifest.jsonl says which it is.',
    );
  }
  const configDirectory = resolve(options.configDir ?? join(dirname(resolve(dataDirectory)), 'config'));
  const progress = new ProgressLine();
  const result = await restoreDirectory({
    backup: resolve(backup),
    dataDirectory: resolve(dataDirectory),
    configDirectory: options.dataOnly ? undefined : configDirectory,
    allowIncomplete: options.allowIncomplete ?? false,
    fromVersion: fromVersion === undefined ? undefined : Number(fromVersion),
    dryRun,
    signal: interruption(),
    log: (level, message, { code, hint } = {}) =>
      progress.log({ level, message, fields: { code, ...(hint === undefined ? {} : { hint }) } }),
    progress: (step) => progress.show(step),
  }).finally(() => progress.clear());
  if (options.json) printJson({ ...result, dryRun });
  else print(result, dryRun);
}

function print(result: RestoreResult, dryRun: boolean): void {
  const { files, bytes, instant, dataDirectory, configDirectory, toReview } = result;
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const done = dryRun ? 'would be restored' : 'restored';
  write(`${dataDirectory}: ${done}, ${counted(files, 'file')}, ${sizeText(bytes)}, as of ${instant}`);
  if (dryRun) {
    write(`from a backup of format ${result.format}, restored ${counted(result.restores, 'time')} before`);
    for (const { account, messages, bytes: size, mailboxes } of result.accounts) {
      write(`account ${account}: ${counted(messages, 'message')}, ${sizeText(size)}`);
      for (const each of mailboxes)
        write(`  ${each.mailbox}: ${counted(each.messages, 'message')}, ${sizeText(each.bytes)}`);
    }
    for (const file of result.configFiles) write(`configuration: ${join(configDirectory ?? '', file)}`);
  }
  if (toReview.length > 0) {
    const are = toReview.length === 1 ? 'is' : 'are';
    const held = `${counted(toReview.length, 'recipient')} in the queue ${dryRun ? 'would be' : are} held`;
    write(`${held}, and may have been sent to already:`);
    for (const { text } of toReview.slice(0, maxShown)) write(`  ${text}`);
    if (toReview.length > maxShown) write(`  and ${toReview.length - maxShown} more: restante queue list`);
  }
  if (!dryRun && configDirectory !== undefined) {
    write(`Start it with: restante --config ${configDirectory}/restante.yaml serve`);
  }
}
