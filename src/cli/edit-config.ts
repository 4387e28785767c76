import type { Command } from 'commander';
import type { DomainsConfig } from '../config/domains-config.ts';
import type { DomainsEdit } from '../config/domains-edit-schema.ts';
import { ServerNotRunningError } from '../control/control-error.ts';
import { silentLog } from '../runtime/log.ts';
import { configPath } from './config-path.ts';
import { serverRequest } from './server-request.ts';

/** Changes domains.yaml: through the running server, which uses it at once, or the file alone when none runs. */
export async function editConfig(command: Command, changes: readonly DomainsEdit[]): Promise<void> {
  try {
    await serverRequest(command, 'editDomains', { changes });
    return;
  } catch (error) {
    if (!(error instanceof ServerNotRunningError)) throw error;
  }
  const [{ loadStaticConfig }, { LiveDomains }] = await Promise.all([
    import('../config/static-config.ts'),
    import('../config/live-domains.ts'),
  ]);
  const domains = await LiveDomains.open(await loadStaticConfig(configPath(command)), silentLog);
  await domains.edit(changes);
}

/** What domains.yaml says now. */
export async function readDomains(command: Command): Promise<DomainsConfig> {
  const [{ loadStaticConfig }, { loadDomainsConfig }] = await Promise.all([
    import('../config/static-config.ts'),
    import('../config/domains-config.ts'),
  ]);
  return await loadDomainsConfig(await loadStaticConfig(configPath(command)));
}
