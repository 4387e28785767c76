import { ConfigError, type ConfigProblem } from './config-error.ts';
import { loadDomainsConfig } from './domains-config.ts';
import { ineffectiveKeys } from './ineffective-keys.ts';
import { loadStaticConfig } from './static-config.ts';

interface ConfigCheck {
  /** Of `restante.yaml`, or, when it has none, of the `domains.yaml` beside it. */
  problems: readonly ConfigProblem[];
  /** Keys that are set but do nothing in this version. */
  ineffective: readonly string[];
}

/** @throws ConfigFileError */
export async function checkConfig(staticConfigPath: string): Promise<ConfigCheck> {
  try {
    const server = await loadStaticConfig(staticConfigPath);
    const domains = await loadDomainsConfig(server);
    return { problems: [], ineffective: ineffectiveKeys(server, domains) };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, ineffective: [] };
    throw error;
  }
}
