import type { Command } from 'commander';
import type { StatusResult } from '../../control/commands/status.ts';
import { printJson } from '../print-result.ts';
import { serverRequest } from '../server-request.ts';
import { softwareVersion } from '../software-version.ts';

/** Shows the version of this command and, when a server runs, its version and state. */
export function version(command: Command): void {
  command.option('--json', 'print JSON').action(async (options: { json?: boolean }) => {
    // Without a configuration or a server there is still a version to tell.
    const running = (await serverRequest(command, 'status', {}).catch(() => undefined)) as StatusResult | undefined;
    const software = softwareVersion();
    if (options.json) {
      printJson({ software, node: process.version, server: running ?? null });
      return;
    }
    process.stdout.write(`restante ${software} (Node ${process.version})\n`);
    if (running === undefined) {
      process.stdout.write('server: not running\n');
      return;
    }
    const { upSeconds, pid, hostname, dataDirectory } = running;
    process.stdout.write(
      `server: ${running.software} (Node ${running.node}), ${hostname}, process ${pid}, up ${upSeconds} s, ${dataDirectory}\n`,
    );
  });
}
