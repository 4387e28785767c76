import { ConfigError, type ConfigProblem } from './config-error.ts';
import { loadDomainsConfig } from './domains-config.ts';
import { loadStaticConfig } from './static-config.ts';

/**
 * All problems of `restante.yaml`, or, when it has none, of the `domains.yaml` beside it.
 * @throws ConfigFileError
 */
export async function checkConfig(staticConfigPath: string): Promise<readonly ConfigProblem[]> {
  try {
    await loadDomainsConfig(await loadStaticConfig(staticConfigPath));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
