import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DatabaseEngine } from '../database/engine.ts';
import { createTestEngine } from '../database/sqlite/test-engine-fixture.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import type { Mailbox } from './mailboxes/mailbox.ts';
import type { AddedMessage, NewMessage } from './messages/new-message.ts';
import { type OpenAccountsOptions, openAccounts } from './open-accounts.ts';

/** A store in a directory of its own, for tests; closing it checks its consistency. */
export interface TestStore {
  readonly accounts: Accounts;
  readonly engine: DatabaseEngine;
  readonly dataDirectory: string;
  close(): Promise<void>;
}

/** @param dataDirectory one that another test store has left; default: a new one */
export async function openTestStore(
  dataDirectory?: string,
  options: Partial<OpenAccountsOptions> = {},
): Promise<TestStore> {
  let path = dataDirectory;
  if (path === undefined) {
    const made = await mkdtemp(join(tmpdir(), 'restante-store-'));
    onTestFinished(() => rm(made, { recursive: true, force: true }));
    path = made;
  }
  const engine = createTestEngine();
  const accounts = await openAccounts({ dataDirectory: path, engine, checkWhenClosed: true, ...options });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await accounts[Symbol.asyncDispose]();
    } finally {
      await engine[Symbol.asyncDispose]();
    }
  };
  const closeOnce = (): Promise<void> => {
    closing ??= close();
    return closing;
  };
  // A test that has closed it has seen how that went.
  onTestFinished(() => (closing === undefined ? closeOnce() : undefined));
  return { accounts, engine, dataDirectory: path, close: closeOnce };
}

/** Adds a message to Inbox. @param text with LF line ends */
export async function deliver(
  accounts: Accounts,
  account: Account,
  text: string,
  more: Partial<NewMessage> = {},
): Promise<AddedMessage> {
  await using intake = await accounts.startMessage();
  await intake.write(Buffer.from(text.replaceAll('\n', '\r\n')));
  await using file = await intake.finish();
  return await account.messages.add({ mailbox: 'Inbox', file, ...more });
}

/** @param more further header lines */
export function message(subject: string, more = ''): string {
  const id = subject.replace(/\W/g, '');
  return `From: a@example.org\nSubject: ${subject}\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <${id}@x>\n${more}\nHello\n`;
}

export async function inbox(account: Account): Promise<Mailbox> {
  return (await account.read((reader) => reader.mailboxes.named('inbox')))!;
}
