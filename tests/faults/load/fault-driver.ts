import { createInterface } from 'node:readline';
import { restoreAccountOfBackup } from '../../../src/control/restore/restore-account.ts';
import { openOffline } from '../../../src/main.ts';
import { restoreDirectory, verifyDirectory } from '../../../src/main-at-rest.ts';

/*
 * Runs backups, verifications and restores in one process, one for each line on standard input, and answers each with a line: a process
 * for each would take most of the time. The test that started it makes calls fail meanwhile, by way of `fault-shim.c`.
 */

export type DriverRequest =
  | { readonly work: 'backup'; readonly destination: string; readonly messageFiles: 'link' | 'copy' }
  | { readonly work: 'verify'; readonly directory: string }
  | { readonly work: 'restore'; readonly backup: string; readonly directory: string }
  | { readonly work: 'restore-account'; readonly backup: string; readonly account: string; readonly mailbox: string };

export interface DriverAnswer {
  /** Undefined when it failed. */
  readonly result?: {
    complete?: boolean;
    errors?: number | readonly string[];
    path?: string;
    restored?: number;
    alreadyThere?: number;
    skipped?: number;
  };
  readonly error?: { readonly name: string; readonly code: string; readonly message: string };
  /** What was said of it. */
  readonly said: readonly string[];
}

const [configPath = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const server = await openOffline({ staticConfigPath: configPath });
process.stdout.write('ready\n');

async function run(request: DriverRequest, said: string[]): Promise<DriverAnswer['result']> {
  const log = (_level: string, message: string): void => void said.push(message);
  const work = { signal, log, progress() {} };
  switch (request.work) {
    case 'backup': {
      const { destination, messageFiles } = request;
      const report = (_severity: string, text: string): void => void said.push(text);
      const { complete, errors, path } = await server.backup({
        destination,
        messageFiles,
        signal,
        report,
        onProgress() {},
      });
      return { complete, errors, path };
    }
    case 'verify': {
      const { errors } = await verifyDirectory({ ...work, directory: request.directory, full: false, fix: false });
      return { errors };
    }
    case 'restore': {
      await restoreDirectory({
        ...work,
        backup: request.backup,
        dataDirectory: `${request.directory}/data`,
        configDirectory: `${request.directory}/config`,
        allowIncomplete: false,
        fromVersion: undefined,
        dryRun: false,
      });
      return {};
    }
    case 'restore-account': {
      const { backup, account, mailbox } = request;
      const { restored, alreadyThere, skipped } = await restoreAccountOfBackup(
        server,
        { backup, account, selection: {}, mode: 'merge', intoMailbox: mailbox, dryRun: false, allowIncomplete: false },
        { signal, log, progress() {} },
      );
      return { restored, alreadyThere, skipped };
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const said: string[] = [];
  let answer: DriverAnswer;
  try {
    answer = { result: await run(JSON.parse(line) as DriverRequest, said), said };
  } catch (error) {
    const { name, code = '', message } = error as Error & { code?: string };
    answer = { error: { name, code, message }, said };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await server[Symbol.asyncDispose]();
