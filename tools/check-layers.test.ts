import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkLayers } from './check-layers.ts';

it('names imports that point up, sideways or outside, and lets the others pass', () => {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  for (const folder of ['imap', 'store', 'database', 'runtime', 'odd'])
    mkdirSync(join(root, 'src', folder), { recursive: true });
  writeFileSync(
    join(root, 'src', 'store', 'good.ts'),
    "import { a } from '../database/a.ts';\nimport { b } from '../runtime/b.ts';",
  );
  writeFileSync(join(root, 'src', 'imap', 'up.ts'), "import type { a } from '../store/a.ts';");
  writeFileSync(join(root, 'src', 'imap', 'lazy.ts'), "const a = await import('../store/a.ts');");
  writeFileSync(join(root, 'src', 'imap', 'outside.ts'), "export * from '../../tests/a.ts';");
  writeFileSync(join(root, 'src', 'odd', 'x.ts'), '');
  writeFileSync(join(root, 'src', 'main.ts'), "import { a } from './imap/a.ts';");
  const faults = checkLayers(root);
  rmSync(root, { recursive: true });
  expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
    'src/imap/lazy.ts',
    'src/imap/outside.ts',
    'src/imap/up.ts',
    'src/odd/x.ts',
  ]);
});
