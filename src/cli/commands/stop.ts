import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { findDataDirectory } from '../../config/find-data-directory.ts';
import { controlRequest } from '../../control/control-client.ts';
import { ServerNotRunningError } from '../../control/control-error.ts';
import { controlSocketName } from '../../control/control-message.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { configPath } from '../config-path.ts';
import { serverRequest } from '../server-request.ts';

const waitMs = 60_000;

/** Stops the running server and waits until it has stopped. */
export function stop(command: Command): void {
  command.action(async () => {
    await serverRequest(command, 'stop', {});
    const path = join(await findDataDirectory(configPath(command)), controlSocketName);
    const until = performance.now() + waitMs;
    // The server removes its socket last, when all is written and closed.
    while (performance.now() < until) {
      try {
        await controlRequest(path, 'status', {});
      } catch (error) {
        if (error instanceof ServerNotRunningError) return;
      }
      await setTimeout(50);
    }
    throw new RestanteError(
      'stop-timeout',
      `Cannot say that the server stopped: it still ran after ${waitMs / 1000} s`,
      {
        hint: 'See its log; "restante version" shows whether it still runs.',
      },
    );
  });
}
