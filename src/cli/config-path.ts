import { resolve } from 'node:path';
import type { Command } from 'commander';

/** Absolute path of `restante.yaml`: `--config`, else `RESTANTE_CONF`, else `config/restante.yaml`. */
export function configPath(command: Command): string {
  const { config } = command.optsWithGlobals<{ config?: string }>();
  return resolve(config ?? process.env.RESTANTE_CONF ?? 'config/restante.yaml');
}
