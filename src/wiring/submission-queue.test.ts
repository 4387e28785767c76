import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDkimKey } from '../config/dkim-key.ts';
import { LiveDomains } from '../config/live-domains.ts';
import { parseStaticConfig, type StaticConfig } from '../config/static-config.ts';
import { dkimFault } from '../mailauth/dkim/dkim-fault.ts';
import type { Queue } from '../queue/queue.ts';
import { QueueFixture } from '../queue/queue-fixture.ts';
import { silentLog } from '../runtime/log.ts';
import { DkimKeys } from './dkim-keys.ts';
import type { SentMessage } from './sent-recipients.ts';
import { submissionQueue } from './submission-queue.ts';

const domainsYaml = `
domains:
  here.example:
    otherNames: [also-here.example]
    dkim:
      selectors: { one: { privateKeyFile: one.pem }, two: { privateKeyFile: two.pem } }
      sign: [one, two]
  unsigned.example:
accounts:
  me:
    domain: here.example
    addresses: { me@here.example: }
    maxOutgoingMessagesPerDay: 2
  you: { domain: here.example, addresses: { you@here.example: } }
`;

const pems = { one: createDkimKey('rsa').privatePem, two: createDkimKey('ed25519').privatePem };
let directory: string;
let config: StaticConfig;
let domains: LiveDomains;
let fixture: QueueFixture;
let queue: Queue;
let keys: DkimKeys;
let submissions: Pick<Queue, 'submit'>;
let sent: SentMessage[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-submissions-'));
  await writeFile(join(directory, 'domains.yaml'), domainsYaml);
  for (const [name, pem] of Object.entries(pems)) await writeFile(join(directory, `${name}.pem`), pem);
  fixture = await QueueFixture.create();
  config = parseStaticConfig(
    join(directory, 'restante.yaml'),
    `dataDirectory: ${fixture.dataDirectory}\nhostname: mail.here.example\npostmaster: { account: me }\nlisteners: {}\nmaxNewRecipientsPerDay: 3\n`,
  );
  domains = await LiveDomains.open(config, silentLog);
  queue = await fixture.start({ maxDeliveries: 0 });
  sent = [];
  keys = new DkimKeys(domains, silentLog);
  submissions = submissionQueue(queue, {
    config,
    domains,
    keys,
    clock: fixture.clock,
    onSent: (message) => sent.push(message),
  });
});

afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  keys[Symbol.dispose]();
  await domains.close();
  await rm(directory, { recursive: true });
});

async function submit(from: string, more: Parameters<QueueFixture['message']>[1] = {}): Promise<string> {
  const file = await fixture.file(`From: Me <${from}>\r\nTo: a@x.example\r\nSubject: Test\r\n\r\nHello\r\n`);
  const prefix = Buffer.from('Message-ID: <1@here.example>\r\n');
  const { ids } = await submissions.submit(await fixture.message(['a@x.example'], { prefix, ...more, file }));
  return await text(await queue.dump(ids[0]));
}

describe('mail of users', () => {
  it('is signed by the domain of its author, with each key, over what was added to it too', async () => {
    const message = await submit('me@here.example');
    expect(message).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256;/);
    expect(message).toMatch(/\r\n\td=here\.example;\r\n\ts=one; t=\d+;\r\n/);
    expect(dkimFault(message, createPublicKey(pems.one), 0)).toBeUndefined();
    expect(dkimFault(message, createPublicKey(pems.two), 1)).toBeUndefined();
    expect(dkimFault(message.replace('<1@', '<2@'), createPublicKey(pems.one), 0)).toMatch(/^signature/);
    expect(await submit('me@also-here.example')).toMatch(/\r\n\td=also-here\.example;/);
  });

  it('is not signed by others', async () => {
    expect(await submit('me@unsigned.example')).toMatch(/^Message-ID/);
    expect(await submit('me@elsewhere.example')).toMatch(/^Message-ID/);
  });

  it('is refused for now while a key is missing, rather than sent unsigned', async () => {
    await rm(join(directory, 'two.pem'));
    const reply = { replyCode: 451, enhancedCode: '4.3.5' };
    await expect(submit('me@here.example')).rejects.toMatchObject(reply);
    await writeFile(join(directory, 'two.pem'), 'no key');
    await expect(submit('me@here.example')).rejects.toMatchObject(reply);
    expect(await queue.list({})).toEqual([]);
    await writeFile(join(directory, 'two.pem'), pems.two);
    expect(await submit('me@here.example')).toMatch(/^DKIM-Signature/);
  });

  it('is signed with other keys once the configuration has changed', async () => {
    await submit('me@here.example');
    const pem = createDkimKey('ed25519').privatePem;
    await writeFile(join(directory, 'three.pem'), pem);
    await writeFile(join(directory, 'domains.yaml'), domainsYaml.replace('two.pem', 'three.pem'));
    await domains.reload();
    expect(dkimFault(await submit('me@here.example'), createPublicKey(pem), 1)).toBeUndefined();
  });

  it('is held to the limits of its account, or else of the server', async () => {
    await submit('me@here.example');
    await submit('me@here.example', { account: undefined });
    await expect(submit('me@here.example')).rejects.toMatchObject({ code: 'sending-limit-messages' });
    const file = await fixture.file();
    const recipients = ['a', 'b', 'c', 'd'].map((name) => `${name}@x.example`);
    await expect(submissions.submit(await fixture.message(recipients, { file, account: 'you' }))).rejects.toMatchObject(
      { code: 'sending-limit-recipients' },
    );
  });

  it('of programs of this machine counts for the account whose sender address it has', async () => {
    await submit('me@here.example', { account: undefined });
    await submit('me@here.example', { account: undefined, sender: 'root@mail.here.example' });
    expect((await queue.list({})).map(({ account }) => account)).toEqual(['me', undefined]);
  });

  it('is told of once it is in the queue', async () => {
    await submit('me@here.example');
    await submit('me@here.example', { account: undefined, sender: '' });
    await submit('me@here.example', { prefix: Buffer.alloc(0) });
    await expect(submit('me@here.example')).rejects.toMatchObject({ code: 'sending-limit-messages' });
    expect(sent).toMatchObject([
      { account: 'me', recipients: [{ address: 'a@x.example' }], messageId: '1@here.example' },
      { account: 'me', messageId: 'queued as 3' },
    ]);
  });
});
