import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { VerifyResult } from '../../backup/verification.ts';
import { findDataDirectory } from '../../config/find-data-directory.ts';
import { controlRequest } from '../../control/control-client.ts';
import { ServerNotRunningError } from '../../control/control-error.ts';
import { controlSocketName } from '../../control/control-message.ts';
import { configPath } from '../config-path.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { FindingReport } from '../finding-report.ts';
import { interruption } from '../interruption.ts';
import { programAtRest } from '../main-program.ts';
import { counted, sizeText } from '../print-result.ts';

interface VerifyOptions {
  full?: boolean;
  fix?: boolean;
  json?: boolean;
}

type Verified = VerifyResult & { kind: 'backup' | 'data' | 'live'; instant?: string };

/** Proves a backup or a data directory, without changing it unless asked to. */
export function verifydata(command: Command): void {
  command
    .argument('[directory]', 'a backup, or a data directory; default: the data directory of the configuration')
    .option('--full', 'parse every message again, instead of a sample')
    .option('--fix', 'move message files that belong to no message to "moved"; of a stopped server only')
    .option('--json', 'print JSON')
    .action(async (given: string | undefined, options: VerifyOptions) => {
      const directory = given === undefined ? await findDataDirectory(configPath(command)) : resolve(given);
      const report = new FindingReport(options.json ?? false);
      const startedAt = performance.now();
      const result = await verify(directory, options, report).finally(() => report.clear());
      const { errors, warnings, files, bytes } = result;
      const shown = given ?? directory;
      if (options.json) {
        const durationMs = Math.round(performance.now() - startedAt);
        report.print({ directory, ok: errors === 0, ...result, durationMs });
      } else if (errors === 0) {
        const more = warnings > 0 ? `, ${counted(warnings, 'warning')}` : '';
        process.stdout.write(
          `${shown}: OK, ${counted(files, 'file')}${bytes > 0 ? `, ${sizeText(bytes)}` : ''}${more}\n`,
        );
      } else process.stdout.write(`${shown}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}\n`);
      if (errors > 0) process.exitCode = exitCode.failed;
    });
}

async function verify(directory: string, options: VerifyOptions, report: FindingReport): Promise<Verified> {
  const { full = false, fix = false } = options;
  const socket = join(directory, controlSocketName);
  if (existsSync(socket)) {
    try {
      if (fix) await requireStopped(socket);
      const handlers = {
        signal: interruption(),
        onLog: report.log.bind(report),
        onProgress: report.show.bind(report),
      };
      return { kind: 'live', ...((await controlRequest(socket, 'verifyData', { full }, handlers)) as VerifyResult) };
    } catch (error) {
      // What a server that was killed has left.
      if (!(error instanceof ServerNotRunningError)) throw error;
    }
  }
  const { verifyDirectory } = await programAtRest();
  return await verifyDirectory({
    directory,
    full,
    fix,
    signal: interruption(),
    log: (level, message, fields = {}) => report.log({ level, message, fields }),
    progress: (step) => report.show(step),
  });
}

/** @throws UsageError when a server is at work there; ServerNotRunningError */
async function requireStopped(socket: string): Promise<void> {
  await controlRequest(socket, 'status', {});
  throw new UsageError('Cannot use --fix while the server runs', 'Stop it first: restante stop.');
}
