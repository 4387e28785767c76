import { existsSync } from 'node:fs';
import { loadStaticConfig, type StaticConfig } from '../../config/static-config.ts';
import { StubResolver } from '../../dns/stub-resolver.ts';
import { systemClock } from '../../runtime/clock.ts';

/** For commands that ask the DNS: the resolver of the configuration; where there is none, that of the system. */
export async function openDiagnosisResolver(
  staticConfigPath: string,
): Promise<{ resolver: StubResolver; hostname: string; config: StaticConfig | undefined }> {
  const config = existsSync(staticConfigPath) ? await loadStaticConfig(staticConfigPath) : undefined;
  const servers = config?.resolver.servers ?? [];
  const resolver = await StubResolver.open({ servers, clock: systemClock });
  return { resolver, hostname: config?.hostname ?? 'localhost', config };
}
