import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../runtime/log.ts';
import { accountDatabaseKind } from '../store/account-database.ts';
import { openTestStore } from '../store/store-fixture.ts';
import { SentRecipients } from './sent-recipients.ts';

describe('whom an account has sent to', () => {
  it('is noted in the account, with A-labels', async () => {
    const store = await openTestStore();
    {
      await using sent = new SentRecipients(store.accounts, silentLog);
      const message = { account: 'me', messageId: '1@x', sentAt: 1 };
      sent.note({
        ...message,
        recipients: [{ address: 'Ann@bücher.example' }, { address: 'ann@xn--bcher-kva.example' }],
      });
      sent.note({ ...message, messageId: '2@x', recipients: [{ address: 'bob@x.example' }] });
    }
    await using database = await store.engine.open(
      accountDatabaseKind,
      join(store.dataDirectory, 'accounts/me/index.db'),
    );
    const rows = await database.read((reader) => reader.all('SELECT domain, localpart, sent FROM recipients'));
    expect(rows).toEqual([
      { domain: 'x.example', localpart: 'bob', sent: 1 },
      { domain: 'xn--bcher-kva.example', localpart: 'ann', sent: 1 },
    ]);
  });

  it('does no harm when it cannot be noted', async () => {
    const errors: unknown[] = [];
    const log = { ...silentLog, error: (fields: object) => void errors.push(fields) };
    const open = async (): Promise<never> => {
      throw new TypeError('No disk');
    };
    {
      await using sent = new SentRecipients({ open }, log);
      sent.note({ account: 'me', messageId: '1@x', sentAt: 1, recipients: [{ address: 'a@x.example' }] });
    }
    expect(errors).toMatchObject([{ account: 'me' }]);
  });
});
