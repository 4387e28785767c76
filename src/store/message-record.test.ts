import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accountDatabaseKind } from './account-database.ts';
import { deliver, message, openTestStore, type TestStore } from './store-fixture.ts';

async function rows(store: TestStore, sql: string): Promise<Record<string, unknown>[]> {
  const path = join(store.dataDirectory, 'accounts', 'anna', 'index.db');
  await using database = await store.engine.open(accountDatabaseKind, path);
  return await database.read((reader) => reader.all(sql));
}

describe('what is kept of a received message', () => {
  it('names its sender, the networks it came from, its mailbox and its kind', async () => {
    const store = await openTestStore();
    await using account = await store.accounts.open('anna');
    await deliver(store.accounts, account, message('One', 'List-Id: <l.example>\n'), {
      reception: {
        remoteAddress: '192.0.2.77',
        helloName: 'mx.example',
        mailFrom: 'Bob@Sender.example',
        rcptTo: 'anna@here.example',
        tlsVersion: 'TLSv1.3',
        tlsCipher: 'TLS_AES_256_GCM_SHA384',
        requireTls: true,
      },
    });
    const report = 'Content-Type: multipart/report; report-type=delivery-status; boundary=b\n';
    await deliver(store.accounts, account, message('Two', report), {
      reception: { remoteAddress: '2001:db8:1:2::3', mailFrom: '' },
    });
    await deliver(store.accounts, account, message('Three'), { mailbox: 'Archive' });
    const found = await rows(
      store,
      `SELECT subject, remote_range_narrow AS narrow, remote_range_middle AS middle, remote_range_wide AS wide,
       mail_from_localpart AS localpart, mail_from_domain AS domain, rcpt_to AS rcpt, tls_version AS tls,
       require_tls AS requireTls, is_mailing_list AS list, is_dsn AS dsn, is_reject AS reject, mailboxes.name AS mailbox
       FROM contents JOIN mailboxes ON mailboxes.id = original_mailbox_id ORDER BY contents.id`,
    );
    expect(found).toEqual([
      {
        subject: 'One',
        narrow: '4:32:c000024d',
        middle: '4:26:c0000240',
        wide: '4:21:c00000',
        localpart: 'Bob',
        domain: 'sender.example',
        rcpt: 'anna@here.example',
        tls: 'TLSv1.3',
        requireTls: 1,
        list: 1,
        dsn: 0,
        reject: 0,
        mailbox: 'Inbox',
      },
      {
        subject: 'Two',
        narrow: '6:64:20010db800010002',
        middle: '6:48:20010db80001',
        wide: '6:32:20010db8',
        localpart: '',
        domain: '',
        rcpt: null,
        tls: null,
        requireTls: 0,
        list: 0,
        dsn: 1,
        reject: 0,
        mailbox: 'Inbox',
      },
      expect.objectContaining({ subject: 'Three', narrow: null, localpart: null, domain: null, mailbox: 'Archive' }),
    ]);
  });
});

describe('whom the user has written to', () => {
  it('is counted once a message, whatever the case of the address', async () => {
    const store = await openTestStore();
    await using account = await store.accounts.open('anna');
    await account.noteRecipients(['Bob@b.example', 'bob@B.example', 'eve@e.example'], {
      messageId: '1@x',
      sentAt: 1000,
    });
    await account.noteRecipients(['bob@b.example'], { messageId: '1@x', sentAt: 2000 });
    await account.noteRecipients(['bob@b.example'], { messageId: '2@x', sentAt: 3000 });
    expect(await rows(store, 'SELECT * FROM recipients ORDER BY domain')).toEqual([
      {
        domain: 'b.example',
        localpart: 'bob',
        org_domain: null,
        sent: 2,
        first_sent_at: 1000,
        last_sent_at: 3000,
        last_message_id: '2@x',
      },
      expect.objectContaining({ domain: 'e.example', localpart: 'eve', sent: 1 }),
    ]);
  });
});
