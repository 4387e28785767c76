import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import { checkHost } from './check-host.ts';

interface Scenario {
  readonly description: string;
  readonly tests: Record<
    string,
    { helo: string; host: string; mailfrom: string; result: string | string[]; explanation?: string }
  >;
  readonly zonedata: Record<string, readonly (string | Record<string, unknown>)[]>;
}

const path = join(import.meta.dirname, '../../../tests/data/spf/rfc7208-tests.yml');
const scenarios = parseAllDocuments(readFileSync(path, 'utf8'), { uniqueKeys: false }).map(
  (document) => document.toJS() as Scenario | null,
);

/** As the suite has it: an SPF entry is a TXT record too, unless TXT records of the name are given. */
function resolverOf({ zonedata }: Scenario): ZoneResolver {
  const resolver = new ZoneResolver();
  for (const [name, entries] of Object.entries(zonedata)) {
    const hasText = entries.some((entry) => typeof entry === 'object' && 'TXT' in entry);
    for (const entry of entries) {
      if (entry === 'TIMEOUT' || (typeof entry === 'object' && 'TIMEOUT' in entry)) {
        resolver.fail(name);
        continue;
      }
      for (const [type, value] of Object.entries(entry)) {
        if (type === 'SPF' ? hasText : value === 'NONE') continue;
        const data = type === 'SPF' || type === 'TXT' ? [value].flat().join('') : value;
        if (type === 'MX') {
          const [preference, exchange] = value as [number, string];
          resolver.add(name, 'MX', { preference, exchange });
        } else resolver.add(name, type === 'SPF' ? 'TXT' : type, data);
      }
    }
  }
  return resolver;
}

describe('RFC 7208 test suite', () => {
  for (const scenario of scenarios) {
    if (scenario === null) continue;
    describe(scenario.description, () => {
      it.each(Object.entries(scenario.tests))('%s', async (_, { helo, host, mailfrom, result, explanation }) => {
        const at = mailfrom.lastIndexOf('@');
        const domain = mailfrom === '' ? helo : mailfrom.slice(at + 1);
        const localpart = at > 0 ? mailfrom.slice(0, at) : 'postmaster';
        const outcome = await checkHost({
          resolver: resolverOf(scenario),
          ip: host,
          domain,
          sender: `${localpart}@${domain}`,
          helloName: helo,
          receiver: 'receiver.example.net',
          now: Date.UTC(2026, 10, 26),
          signal: new AbortController().signal,
        });
        expect([result].flat(), JSON.stringify(outcome)).toContain(outcome.result);
        if (explanation !== undefined) expect(outcome.explanation ?? 'DEFAULT').toBe(explanation);
      });
    });
  }
});
