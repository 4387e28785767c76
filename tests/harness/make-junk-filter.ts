import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestEngine } from '../../src/database/sqlite/test-engine-fixture.ts';
import { junkDatabase } from '../../src/junk/junk-database.ts';
import { JunkFilters } from '../../src/junk/junk-filters.ts';
import { OnceFile } from '../../src/junk/once-file.ts';
import { silentLog } from '../../src/runtime/log.ts';

/** Makes a junk filter with both its files, as one that has learned much has them. */
export async function makeJunkFilter(dataDirectory: string, account: string): Promise<void> {
  const directory = join(dataDirectory, 'accounts', account);
  await mkdir(directory, { recursive: true });
  await using engine = createTestEngine();
  await using filters = new JunkFilters({ engine, dataDirectory, log: silentLog });
  for (let contentId = 0; contentId < 10; contentId++) {
    const words = new Set(['viagra', `word${contentId}`]);
    await filters.learn(account, [{ contentId, isJunk: true, words }]);
  }
  await OnceFile.empty(0)
    .with([{ hash: 1, is_junk: 1 }])
    .write(join(directory, 'junkfilter.bloom'));
  await using database = await engine.open(junkDatabase, join(directory, 'junkfilter.db'));
  await database.write('putIntoFile', { number: 1 });
}
