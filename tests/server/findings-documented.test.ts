import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Codes that the sources give to findings: where one is made, and in maps of them. */
function codesInSources(): Set<string> {
  const codes = new Set<string>();
  for (const folder of ['backup', 'store', 'queue', 'junk', 'database', 'wiring']) {
    for (const name of readdirSync(join(root, 'src', folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || /test\.ts$|fixture|contract/.test(name)) continue;
      const text = readFileSync(join(root, 'src', folder, name), 'utf8');
      // A finding has a severity or a rule beside its code.
      for (const [, code] of text.matchAll(/severity(?:: '\w+'|),\s*code: '([a-z0-9-]+)'/g)) codes.add(code!);
      for (const [, code] of text.matchAll(/code: '([a-z0-9-]+)',\s*repair:/g)) codes.add(code!);
      for (const [, code] of text.matchAll(/(?:add|error)\(\s*'([a-z]+-[a-z0-9-]+)'/g)) codes.add(code!);
      for (const [, map] of text.matchAll(/damageCodes[^{]*\{([^}]*)\}/g)) {
        for (const [, code] of map!.matchAll(/: '([a-z0-9-]+)'/g)) codes.add(code!);
      }
    }
  }
  return codes;
}

it('every code of a finding is in docs/findings.md, and every code there can be found', () => {
  const documented = new Set(
    [...readFileSync(join(root, 'docs', 'findings.md'), 'utf8').matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`([a-z0-9-]+)`/g)].map(([, code]) => code!),
    ),
  );
  const codes = codesInSources();
  expect(codes.size).toBeGreaterThan(40);
  expect([...codes].filter((code) => !documented.has(code)).sort()).toEqual([]);
  // Errors of databases are passed on with the code that they have; others are chosen between two in one place.
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
    .join('\n');
  expect([...documented].filter((code) => !sources.includes(`'${code}'`)).sort()).toEqual([]);
});
