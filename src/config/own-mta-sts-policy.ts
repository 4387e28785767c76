import { hash } from 'node:crypto';
import type { DomainSettings } from './domains-schema.ts';

export interface OwnMtaStsPolicy {
  /** Of the record `_mta-sts.<domain>`: another text has another one. */
  readonly id: string;
  /** As it is served. */
  readonly text: string;
}

/**
 * The MTA-STS policy of a domain of this server.
 * @returns undefined when it has none
 * Source: RFC 8461 §3.2
 */
export function ownMtaStsPolicy(
  { mtaSts }: Pick<DomainSettings, 'mtaSts'>,
  hostname: string,
): OwnMtaStsPolicy | undefined {
  if (mtaSts === undefined) return undefined;
  const { mode, maxAge } = mtaSts;
  const hosts = mtaSts.mx.length > 0 ? mtaSts.mx : [hostname];
  const lines = ['version: STSv1', `mode: ${mode}`, ...hosts.map((host) => `mx: ${host}`)];
  const text = `${[...lines, `max_age: ${Math.floor(maxAge / 1000)}`].join('\r\n')}\r\n`;
  return { id: hash('sha256', text).slice(0, 20), text };
}
