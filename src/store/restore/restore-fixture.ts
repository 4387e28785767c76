import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { checkFilesHere } from '../../database/check-files-here.ts';
import type { Account } from '../account.ts';
import { type AccountAtRest, openAccountAtRest } from '../account-at-rest.ts';
import type { TestStore } from '../store-fixture.ts';
import { restoreAccount } from './restore-account.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { RestoreSummary } from './restore-tally.ts';

/** What a backup holds of an account, as of now; closed and removed with the test. */
export async function backUpAccount(store: TestStore, name: string): Promise<AccountAtRest> {
  const temporary = await mkdtemp(join(tmpdir(), 'restante-account-'));
  const directory = join(temporary, 'accounts', name);
  const live = join(store.dataDirectory, 'accounts', name);
  await mkdir(directory, { recursive: true });
  {
    await using snapshot = await store.engine.snapshot();
    const { signal } = new AbortController();
    await snapshot.copy(join(live, 'index.db'), join(directory, 'index.db'), { signal });
    await cp(join(live, 'msg'), join(directory, 'msg'), { recursive: true });
  }
  const source = await openAccountAtRest(temporary, name);
  onTestFinished(async () => {
    await source[Symbol.asyncDispose]();
    await rm(temporary, { recursive: true, force: true });
  });
  return source;
}

/** Restores with what a command would add to the options. */
export async function restoreTo(
  store: TestStore,
  account: Account,
  source: AccountAtRest,
  options: Partial<RestoreAccountOptions> = {},
): Promise<RestoreSummary> {
  return await restoreAccount({
    source,
    account,
    accounts: store.accounts,
    mode: 'merge',
    selection: {},
    dryRun: false,
    signal: new AbortController().signal,
    checkFiles: checkFilesHere('/'),
    onProgress() {},
    ...options,
  });
}
