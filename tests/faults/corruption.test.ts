import { expect, it } from 'vitest';
import { createDamageFixture, seed, unnoticed, verify } from '../harness/damage.ts';

const cases = Number(process.env.RESTANTE_CORRUPTION_CASES ?? 10_000);

it(`${cases} damages to a backup, in every kind of file, are all found (RESTANTE_SEED=${seed})`, {
  timeout: 1_500_000,
}, async () => {
  await using fixture = await createDamageFixture();
  expect(await verify(fixture.backup)).toEqual({ errors: [], warnings: [] });
  const missed = await unnoticed(fixture.backup, cases, ({ errors }) => errors.length > 0);
  expect(missed).toEqual([]);
  expect(await verify(fixture.backup)).toEqual({ errors: [], warnings: [] });
});
