import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseEngine } from '../database/engine.ts';
import { createTestEngine } from '../database/sqlite/test-engine-fixture.ts';
import { ZoneResolver } from '../dns/zone-fixture.ts';
import { keyRecord, sealMessage } from '../mailauth/arc/seal-fixture.ts';
import { verifySignatures } from '../mailauth/verify-signatures.ts';
import { silentLog } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import { SmtpError } from '../smtp/smtp-error.ts';
import type { Accounts } from '../store/accounts.ts';
import { openAccounts } from '../store/open-accounts.ts';
import { createAuthenticateSender } from './authenticate-sender.ts';
import { createDelivery, type Delivery, type DeliveryOptions } from './create-delivery.ts';
import { createQueueDelivery } from './deliver-from-queue.ts';
import type { IncomingMessage, IncomingRecipient } from './incoming-message.ts';
import type { OutgoingMessage } from './outgoing-queue.ts';
import type { AccountRecipient, AliasRecipient, Recipient } from './resolve-recipient.ts';
import { createSealPassedOn } from './seal-passed-on.ts';
import type { SenderVerdict } from './sender-verdict.ts';

let engine: DatabaseEngine;
beforeAll(() => {
  engine = createTestEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

const stacks: AsyncDisposableStack[] = [];
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.disposeAsync();
});

const clock = { now: () => Date.UTC(2026, 10, 23, 21, 28, 13) };
const account = (name: string): AccountRecipient => ({
  kind: 'account',
  account: name,
  mailbox: 'Inbox',
  address: `${name}@here.example`,
});
const alias = (name: string, members: AliasRecipient['members'], postPublic = true): AliasRecipient => ({
  kind: 'alias',
  name: `${name}@here.example`,
  members,
  postPublic,
});

const recipients: Record<string, Recipient> = {
  me: account('me'),
  you: account('you'),
  full: account('full'),
  reports: { ...account('reports'), reports: 'dmarc' },
  family: alias('family', [account('me'), account('you')]),
  mixed: alias('mixed', ['me@here.example', 'friend@elsewhere.example', 'gone@here.example']),
  half: alias('half', [account('me'), account('full')]),
  outer: alias('outer', [
    'family@here.example',
    'outer@here.example',
    'Friend@elsewhere.example',
    'mixed@here.example',
  ]),
  far: alias('far', ['friend@elsewhere.example']),
  closed: alias('closed', [account('me')], false),
  empty: alias('empty', []),
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_, at) => [`deep${at}`, alias(`deep${at}`, [`deep${at + 1}@here.example`])]),
  ),
};

type Submission = Omit<OutgoingMessage, 'file' | 'prefix'> & { text: string };

interface World {
  delivery: Delivery;
  accounts: Accounts;
  submissions: Submission[];
  directory: string;
  messages(name: string): Promise<string[]>;
  message(to: readonly (string | IncomingRecipient)[], text?: string, sender?: string): Promise<IncomingMessage>;
}

async function start(options: Partial<DeliveryOptions> = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-delivery-'));
  const stack = new AsyncDisposableStack();
  stacks.push(stack);
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const accounts = stack.use(await openAccounts({ dataDirectory: directory, engine, checkWhenClosed: true }));
  const files = stack.use(new AsyncDisposableStack());
  const temporaryDirectory = join(directory, 'tmp');
  const submissions: Submission[] = [];
  const delivery = createDelivery({
    accounts,
    resolve: (localpart, domain) => {
      if (domain !== 'here.example') return { kind: 'notLocal' };
      return recipients[localpart] ?? { kind: 'unknownUser' };
    },
    queue: {
      async submit({ file, prefix, ...message }) {
        const text = Buffer.concat([prefix ?? Buffer.alloc(0), await readFile(join(temporaryDirectory, file.path))]);
        submissions.push({ ...message, text: text.toString() });
        return { ids: message.recipients.map(() => 1) };
      },
    },
    hostname: 'mx.here.example',
    clock,
    log: silentLog,
    ...options,
  });
  {
    await using full = await accounts.open('full');
    await full.setQuota(1);
  }
  return {
    delivery,
    accounts,
    submissions,
    directory,
    async messages(name) {
      await using opened = await accounts.open(name);
      return await opened.read(async (reader) => {
        const rows = await reader.messages.rendered((await reader.mailboxes.named('Inbox'))!.id, 'all');
        return rows.map((row) => opened.contents.readSync(row).toString());
      });
    },
    async message(to, text = 'Subject: hello\r\nMessage-ID: <1@b.example>\r\n\r\nHello\r\n', sender = 'a') {
      await using intake = await accounts.startMessage();
      await intake.write(Buffer.from(text));
      return {
        file: files.use(await intake.finish()),
        envelope: {
          sender: sender === '' ? undefined : { localpart: sender, domain: 'b.example' },
          smtpUtf8: false,
          body: '7BIT',
          requireTls: false,
          ret: 'HDRS',
          envid: 'env+2Bid',
        },
        reception: { remoteAddress: '192.0.2.1' },
        prefix: Buffer.from('Received: here\r\n'),
        receivedAt: clock.now(),
        recipients: to.map((one) =>
          typeof one === 'string' ? { address: { localpart: one, domain: 'here.example' } } : one,
        ),
      };
    },
  };
}

const to = (localpart: string, notify?: readonly string[]): IncomingRecipient => ({
  address: { localpart, domain: 'here.example' },
  ...(notify === undefined ? {} : { notify, orcpt: `rfc822;${localpart}+2Bx@old.example` }),
});

async function refusal(act: Promise<void>): Promise<string> {
  const error = await act.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof SmtpError)) throw error ?? new TypeError('Nothing was refused');
  return `${error.replyCode} ${error.enhancedCode}`;
}

describe('receive', () => {
  it('stores the message with the fields of each recipient', async () => {
    const world = await start();
    await world.delivery.receive(await world.message(['me', 'you']));
    for (const name of ['me', 'you']) {
      expect(await world.messages(name)).toEqual([
        `Return-Path: <a@b.example>\r\nDelivered-To: ${name}@here.example\r\nReceived: here\r\n` +
          'Subject: hello\r\nMessage-ID: <1@b.example>\r\n\r\nHello\r\n',
      ]);
    }
    expect(world.submissions).toEqual([]);
  });

  it('stores one copy for one mailbox, whatever the number of ways to it', async () => {
    const world = await start();
    await world.delivery.receive(await world.message(['me', 'family', 'me', 'outer']));
    expect(await world.messages('me')).toHaveLength(1);
    expect(await world.messages('you')).toHaveLength(1);
    expect(world.submissions).toHaveLength(1);
    expect(world.submissions[0].recipients).toEqual([{ address: 'Friend@elsewhere.example' }]);
  });

  it('passes on to members elsewhere, with the sender kept', async () => {
    const world = await start();
    await world.delivery.receive(await world.message(['mixed']));
    expect(await world.messages('me')).toHaveLength(1);
    expect(world.submissions).toMatchObject([
      { sender: 'a@b.example', recipients: [{ address: 'friend@elsewhere.example' }], ret: 'HDRS', envid: 'env+2Bid' },
    ]);
    expect(world.submissions[0].text).toMatch(/^Delivered-To: mixed@here\.example\r\nReceived: here\r\nSubject/);
  });

  it('seals what it passes on with what was found out about it, and passes it on all the same when it cannot', async () => {
    const { privateKey: key, publicKey } = generateKeyPairSync('ed25519');
    const resolver = new ZoneResolver();
    resolver.add('b.example', 'TXT', 'v=spf1 ip4:192.0.2.1 -all');
    for (const name of ['a._domainkey.lists.example', 's._domainkey.here.example']) {
      resolver.add(name, 'TXT', keyRecord(publicKey));
    }
    const { signal } = new AbortController();
    let asked = 0;
    let missing = false;
    const world = await start({
      authenticate: createAuthenticateSender({
        resolver,
        hostname: 'mx.here.example',
        trustedArcSealers: [],
        clock,
        log: silentLog,
        metrics: new Metrics(),
        signal,
      }),
      seal: createSealPassedOn({
        async signersFor(domain) {
          asked++;
          if (missing) throw new SmtpError(451, '4.3.5', 'No key');
          return domain === 'here.example' ? [{ domain, selector: 's', key }] : [];
        },
        clock,
        log: silentLog,
      }),
    });
    const text = 'From: a@b.example\r\nSubject: hello\r\n\r\nHello\r\n';
    const listed = sealMessage(text, { domain: 'lists.example', key, results: 'lists.example; dmarc=pass' });
    const chains: string[][] = [];
    for (const message of [text, listed, listed.replace('Hello', 'Bye')]) {
      await world.delivery.receive(await world.message(['far', 'mixed', 'outer'], message));
      const last = world.submissions.at(-1)!;
      const content = (async function* () {
        yield Buffer.from(last.text, 'latin1');
      })();
      const { arc } = await verifySignatures(content, { resolver, now: clock.now(), signal });
      const { result, sealers } = arc;
      const found = sealers.at(-1)?.authentication.results.map((each) => `${each.method}=${each.result}`) ?? [];
      chains.push([result, ...sealers.map(({ domain }) => domain), ...found]);
    }
    const results = ['iprev=permerror', 'spf=pass', 'dkim=none', 'dmarc=none'];
    expect(chains).toEqual([
      ['pass', 'here.example', ...results, 'arc=none'],
      ['pass', 'lists.example', 'here.example', ...results, 'arc=pass'],
      // A chain that fails is left as it is.
      ['fail', 'lists.example', 'dmarc=pass'],
    ]);
    expect(asked).toBe(3);
    missing = true;
    await world.delivery.receive(await world.message(['far'], text));
    expect(world.submissions.at(-1)?.text).toMatch(/^Delivered-To: far@here\.example\r\nAuthentication-Results: /);
    // What was received in the mailbox here has no seal of this server.
    expect((await world.messages('me')).join('')).not.toContain('d=here.example');
  });

  it('ends loops by Delivered-To, for aliases only', async () => {
    const world = await start();
    const looped = 'Received: x\r\nDelivered-To: FAR@here.example\r\nDelivered-To: me@here.example\r\n\r\n';
    expect(await refusal(world.delivery.receive(await world.message(['far'], looped)))).toBe('554 5.4.6');
    await world.delivery.receive(await world.message(['me'], looped));
    expect(await world.messages('me')).toHaveLength(1);
  });

  it.each([
    ['nobody', '550 5.1.1'],
    ['closed', '550 5.7.2'],
    ['empty', '550 5.1.1'],
    ['full', '452 4.2.2'],
    ['deep0', '451 4.4.6'],
  ])('refuses a message for %s only with %s', async (name, reply) => {
    const world = await start();
    expect(await refusal(world.delivery.receive(await world.message([name])))).toBe(reply);
    expect(world.submissions).toEqual([]);
  });

  it('lets members send to a closed list', async () => {
    const world = await start();
    const message = await world.message(['closed'], undefined, 'me');
    const envelope = { ...message.envelope, sender: { localpart: 'Me', domain: 'here.example' } };
    await world.delivery.receive({ ...message, envelope });
    expect(await world.messages('me')).toHaveLength(1);
  });

  it('refuses a message that has been through too many servers', async () => {
    const world = await start();
    const message = await world.message(['me', 'you'], `${'Received: x\r\n'.repeat(101)}\r\n`);
    expect(await refusal(world.delivery.receive(message))).toBe('554 5.4.6');
  });

  it('prefers a temporary refusal when all fail', async () => {
    const world = await start();
    expect(await refusal(world.delivery.receive(await world.message(['nobody', 'full'])))).toBe('452 4.2.2');
  });

  it('leaves those that fail for now to the queue when others have the message', async () => {
    const world = await start();
    await world.delivery.receive(await world.message([to('me'), to('full', ['NEVER'])]));
    expect(await world.messages('me')).toHaveLength(1);
    expect(world.submissions).toMatchObject([
      {
        sender: 'a@b.example',
        recipients: [{ address: 'full@here.example', notify: ['NEVER'], orcpt: 'rfc822;full+2Bx@old.example' }],
      },
    ]);
    expect(world.submissions[0].text).toMatch(/^Received: here\r\nSubject: hello/);
  });

  it('leaves members that fail to the queue when others of the list have the message', async () => {
    const world = await start();
    await world.delivery.receive(await world.message(['half']));
    expect(await world.messages('me')).toHaveLength(1);
    expect(world.submissions).toMatchObject([{ recipients: [{ address: 'full@here.example' }] }]);
  });

  it('tells the sender in one DSN of those that failed for good', async () => {
    const world = await start();
    await world.delivery.receive(
      await world.message([to('me'), to('nobody'), to('closed', ['FAILURE']), to('empty', ['NEVER'])]),
    );
    expect(world.submissions).toHaveLength(1);
    const [dsn] = world.submissions;
    expect(dsn).toMatchObject({ sender: '', recipients: [{ address: 'a@b.example' }], isDsn: true });
    expect(dsn.text).toMatch(/^Original-Envelope-Id: env\+id\r$/m);
    expect(dsn.text).toMatch(/^Final-Recipient: rfc822; nobody@here\.example\r\nAction: failed\r\nStatus: 5\.1\.1\r$/m);
    expect(dsn.text).toMatch(/^Original-Recipient: rfc822; closed\+x@old\.example\r$/m);
    expect(dsn.text).toMatch(/^Status: 5\.7\.2\r$/m);
    expect(dsn.text).not.toMatch(/empty@/);
    expect(dsn.text).toMatch(/^Subject: hello\r$/m);
  });

  it('tells of success when asked to', async () => {
    const world = await start();
    await world.delivery.receive(
      await world.message([to('me', ['SUCCESS']), to('you', ['FAILURE']), to('far', ['SUCCESS'])]),
    );
    const [passedOn, dsn] = world.submissions;
    expect(passedOn.recipients).toEqual([{ address: 'friend@elsewhere.example', notify: ['NEVER'] }]);
    expect(dsn.text.match(/^(?:Final-Recipient|Action): .*(?=\r$)/gm)).toEqual([
      'Final-Recipient: rfc822; me@here.example',
      'Action: delivered',
      'Final-Recipient: rfc822; far@here.example',
      'Action: expanded',
    ]);
  });

  it('tells nobody of a message without sender', async () => {
    const world = await start();
    await world.delivery.receive(await world.message([to('me', ['SUCCESS'])], undefined, ''));
    expect((await world.messages('me'))[0]).toMatch(/^Return-Path: <>\r\n/);
    expect(world.submissions).toEqual([]);
  });

  it('refuses for now when what is left cannot be queued: twice is better than never', async () => {
    const world = await start({ queue: { submit: () => Promise.reject(new Error('disk on fire')) } });
    await expect(world.delivery.receive(await world.message(['me', 'full']))).rejects.toThrow('disk on fire');
    expect(await refusal(world.delivery.receive(await world.message(['far'])))).toBe('451 4.3.0');
  });
});

describe('receiving at an address for reports', () => {
  it('has the report stored before anything else, and refuses for now when that fails', async () => {
    const seen: number[] = [];
    let fails = true;
    const world = await start({
      takeReports: {
        async dmarc({ recipients: all }) {
          seen.push(all.length, (await world.messages('reports')).length);
          if (fails) throw new Error('disk on fire');
          return true;
        },
        tls: () => expect.unreachable(),
      },
    });
    await world.delivery.receive(await world.message(['me']));
    expect(seen).toEqual([]);
    expect(await refusal(world.delivery.receive(await world.message(['reports', 'me'])))).toBe('451 4.3.0');
    expect(await world.messages('reports')).toEqual([]);
    fails = false;
    await world.delivery.receive(await world.message(['reports', 'me']));
    expect(seen).toEqual([2, 0, 2, 0]);
    expect(await world.messages('reports')).toHaveLength(1);
    expect(await world.messages('me')).toHaveLength(2);
  });
});

describe('the evaluation of a message', () => {
  const sender: SenderVerdict = {
    ip: '192.0.2.1',
    spf: { result: 'none', identity: 'mailfrom', domain: 'b.example', sender: 'a@b.example' },
    dkim: [],
    dmarc: { result: 'none', domain: 'b.example' },
    reverseName: { result: 'permerror' },
    arc: { result: 'none', sealers: [] },
    dmarcOverride: undefined,
    author: undefined,
    results: '',
    fields: '',
  };
  const noting = async (options: Partial<DeliveryOptions> = {}) => {
    const noted: ('refused' | string[])[] = [];
    const world = await start({
      noteEvaluation: (_, done) => void noted.push(done === 'refused' ? done : done.map(({ reason }) => reason)),
      authenticate: async () => sender,
      decide: {
        forAll() {},
        forElsewhere: () => undefined,
        rulesetFor: async () => undefined,
        forRecipient: async () => ({ action: 'accept', reason: 'no-objection' }),
      },
      ...options,
    });
    return { world, noted };
  };

  it('is noted once, with what was decided for each recipient', async () => {
    const { world, noted } = await noting();
    await world.delivery.receive(await world.message(['me', 'you']));
    await world.delivery.receive(await world.message(['me', 'full']));
    await world.delivery.receive(await world.message(['far']));
    const one = ['no-objection'];
    expect(noted).toEqual([[...one, ...one], [...one, ...one], []]);
  });

  it('is noted when the message is refused for good, and not when it is to come again', async () => {
    const { world, noted } = await noting();
    await refusal(world.delivery.receive(await world.message(['nobody'])));
    expect(noted).toEqual([[]]);
    await refusal(world.delivery.receive(await world.message(['full'])));
    expect(noted).toHaveLength(1);
    const refusing = await noting({
      decide: {
        forAll() {
          throw new SmtpError(550, '5.7.1', 'no');
        },
        forElsewhere: () => expect.unreachable(),
        rulesetFor: () => expect.unreachable(),
        forRecipient: () => expect.unreachable(),
      },
    });
    await refusal(refusing.world.delivery.receive(await refusing.world.message(['me'])));
    expect(refusing.noted).toEqual(['refused']);
  });
});

describe('the queue delivering here', () => {
  it('gets a reply for each recipient', async () => {
    const world = await start();
    const path = join(world.directory, 'queued');
    await writeFile(path, 'Subject: queued\r\n\r\n');
    const deliver = createQueueDelivery({
      delivery: world.delivery,
      accounts: world.accounts,
      clock,
      localServe: true,
    });
    const one = (localpart: string) => ({ address: `${localpart}@here.example`, orcpt: undefined });
    const replies = await deliver({
      id: 1,
      sha256: Buffer.alloc(32),
      sender: '',
      recipients: [one('me'), one('x451'), one('full'), one('nobody'), one('timeout'), one('you')],
      prefix: Buffer.from('X: 1\r\n'),
      path,
      smtputf8: false,
      requireTls: false,
    });
    expect(replies.map(({ code, enhanced }) => `${code} ${enhanced}`)).toEqual([
      '250 2.0.0',
      '451 4.0.0',
      '452 4.2.2',
      '550 5.1.1',
      '451 4.3.0',
      '250 2.0.0',
    ]);
    expect(await world.messages('you')).toEqual([
      'Return-Path: <>\r\nDelivered-To: you@here.example\r\nX: 1\r\nSubject: queued\r\n\r\n',
    ]);
  });

  it('delivers once, however often it is told to', async () => {
    const world = await start();
    const path = join(world.directory, 'queued');
    await writeFile(path, 'Subject: queued\r\n\r\n');
    const deliver = createQueueDelivery({ delivery: world.delivery, accounts: world.accounts, clock });
    const message = {
      id: 1,
      sha256: Buffer.alloc(32),
      sender: '',
      recipients: [{ address: 'me@here.example', orcpt: undefined }],
      prefix: Buffer.alloc(0),
      path,
      smtputf8: false,
      requireTls: false,
    };
    // The attempt after a crash may be for more recipients than the one before.
    const more = [...message.recipients, { address: 'you@here.example', orcpt: undefined }];
    for (const attempt of [message, { ...message, recipients: more }, message]) {
      expect((await deliver(attempt)).every(({ code }) => code === 250)).toBe(true);
    }
    expect(await world.messages('me')).toHaveLength(1);
    expect(await world.messages('you')).toHaveLength(1);
    await deliver({ ...message, sha256: Buffer.alloc(32, 1) });
    await deliver({ ...message, id: 2 });
    expect(await world.messages('me')).toHaveLength(3);
  });
});
