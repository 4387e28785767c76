import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { limits } from './limits.ts';

it('has every limit of every subject, each of which has another name', async () => {
  const names: string[] = [];
  const directory = join(import.meta.dirname, 'limits');
  for (const file of globSync('*.ts', { cwd: directory })) {
    const subject = (await import(join(directory, file))) as Record<string, object>;
    names.push(...Object.values(subject).flatMap((each) => Object.keys(each)));
  }
  expect(names.sort()).toEqual(Object.keys(limits).sort());
});
