import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import { verifySignatures } from '../verify-signatures.ts';

interface Scenario {
  readonly description: string;
  readonly tests: Record<string, { message: string; cv: string }>;
  readonly 'txt-records': Record<string, string>;
}

/**
 * The validation tests of the ARC test suite (github.com/ValiMail/arc_test_suite, tests/arc-draft-validation-tests.yml), which is not part
 * of this project: the variable names the file.
 */
const path = process.env.RESTANTE_ARC_SUITE ?? '';
const scenarios = existsSync(path)
  ? parseAllDocuments(readFileSync(path, 'utf8'), { uniqueKeys: false }).map((each) => each.toJS() as Scenario | null)
  : [];

describe.skipIf(scenarios.length === 0)('the ARC test suite', () => {
  for (const scenario of scenarios) {
    if (scenario === null) continue;
    const resolver = new ZoneResolver();
    for (const [name, record] of Object.entries(scenario['txt-records'])) resolver.add(name, 'TXT', record);
    it.each(Object.entries(scenario.tests))(`${scenario.description}: %s`, async (_, { message, cv }) => {
      const content = (async function* () {
        yield Buffer.from(message.replaceAll(/\r?\n/g, '\r\n'));
      })();
      const { arc } = await verifySignatures(content, { resolver, now: 0, signal: new AbortController().signal });
      // It leaves open what becomes of a chain that says itself that it fails; RFC 8617 §5.2 doesn't.
      expect(arc, arc.problem).toMatchObject({ result: cv.trim() === '' ? 'fail' : cv.trim().toLowerCase() });
    });
  }
});
