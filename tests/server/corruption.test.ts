import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDamageFixture, type DamageFixture, seed, unnoticed, verify } from '../harness/damage.ts';

let fixture: DamageFixture;

beforeAll(async () => {
  fixture = await createDamageFixture();
});
afterAll(() => fixture[Symbol.asyncDispose]());

describe(`damage (RESTANTE_SEED=${seed})`, () => {
  it('to a backup is found, wherever it is', { timeout: 60_000 }, async () => {
    expect(await verify(fixture.backup)).toEqual({ errors: [], warnings: [] });
    const missed = await unnoticed(fixture.backup, 240, ({ errors }) => errors.length > 0);
    expect(missed).toEqual([]);
    expect(await verify(fixture.backup)).toEqual({ errors: [], warnings: [] });
  });

  it('to a stopped data directory is found where a checksum, a size or another row tells', {
    timeout: 60_000,
  }, async () => {
    const copy = join(fixture.root, 'damaged');
    await cp(fixture.data, copy, { recursive: true });
    await rm(join(copy, 'lock'));
    await rm(join(copy, 'tmp'), { recursive: true });
    expect(await verify(copy)).toEqual({ errors: [], warnings: [] });
    await rm(join(copy, 'lock'));
    const missed = await unnoticed(copy, 150, ({ errors, warnings }, name, kind) => {
      if (errors.length > 0) return true;
      if (kind === 'add') return warnings.length > 0 || name.startsWith('accounts/');
      // Made anew when they are not there, or empty, or links.
      const isMadeAnew = /^(?:auth|sharing|mtasts|dmarc(?:rpt|eval)|tlsrpt(?:result)?)\.db$/.test(name);
      if (isMadeAnew && ['delete', 'empty', 'truncate'].includes(kind)) return true;
      if (/\.db$|\.key$|^version$/.test(name) && kind === 'link') return true;
      // Pages of SQLite and random keys have no checksum of their own.
      if (/\.db$/.test(name)) return ['flip', 'zeros', 'extend'].includes(kind);
      // Of a junk filter only its database is looked at.
      if (name.endsWith('.bloom')) return true;
      // It says when the last backup was: nothing else depends on it.
      if (name === 'backups.json') return ['flip', 'zeros', 'delete', 'extend', 'swap', 'link'].includes(kind);
      return (/\.key$/.test(name) && ['flip', 'zeros'].includes(kind)) || (name === 'version' && kind !== 'truncate');
    });
    expect(missed).toEqual([]);
    expect(await verify(copy)).toEqual({ errors: [], warnings: [] });
  });
});
