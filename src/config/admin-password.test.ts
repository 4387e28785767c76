import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAdminPassword, writeAdminPassword } from './admin-password.ts';

it('recognises the administration password and no other, and none when the file is missing or broken', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-admin-'));
  try {
    const path = join(directory, 'adminpassword');
    expect(await isAdminPassword(path, '')).toBe(false);
    await writeAdminPassword(path, 'gehe\u0069m');
    expect(await isAdminPassword(path, 'geheim')).toBe(true);
    expect(await isAdminPassword(path, 'Geheim')).toBe(false);
    await writeFile(path, '$argon2id$v=19$m=19456,t=2,p=1$x');
    expect(await isAdminPassword(path, 'geheim')).toBe(false);
  } finally {
    await rm(directory, { recursive: true });
  }
});
