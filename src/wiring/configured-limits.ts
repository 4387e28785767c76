import type { StaticConfig } from '../config/static-config.ts';

/** The limits that restante.yaml sets: what is left out stays as built in. */
export function configuredLimits(config: StaticConfig): { messageBytes?: number } {
  return { ...(config.limits.messageBytes === undefined ? {} : { messageBytes: config.limits.messageBytes }) };
}
