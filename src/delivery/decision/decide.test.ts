import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import type { Account } from '../../store/account.ts';
import { openTestStore } from '../../store/store-fixture.ts';
import { createDelivery } from '../create-delivery.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { OutgoingMessage } from '../outgoing-queue.ts';
import type { AccountRecipient } from '../resolve-recipient.ts';
import type { Ruleset } from '../rules/ruleset.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import { createDecide } from './decide.ts';
import type { Reason } from './decision.ts';
import { dmarcPolicy } from './dmarc-policy.ts';

/** Not shown to be from example.net, whose policy is reject. */
const forged: SenderVerdict = {
  ip: '192.0.2.1',
  reverseName: { result: 'permerror' },
  spf: { result: 'none', identity: 'mailfrom', domain: 'x.example', sender: 'x@x.example' },
  dkim: [],
  dmarc: { result: 'fail', domain: 'example.net', policy: 'reject' },
  arc: { result: 'none', sealers: [] },
  dmarcOverride: undefined,
  author: { localpart: 'boss', domain: 'example.net' },
  results: '',
  fields: '',
};
const account = (name: string): AccountRecipient => ({
  kind: 'account',
  account: name,
  mailbox: 'Inbox',
  address: `${name}@here.example`,
});
const curious: Ruleset = {
  msgFrom: '*@example.net',
  headers: {},
  isForward: false,
  acceptRejectsToMailbox: 'Suspicious',
};

/** Delivers a forged message to an alias. @returns what the sender is told, and the addresses that it is passed on to */
async function deliverTo(
  members: readonly (AccountRecipient | string)[],
): Promise<{ told: string; passedOn: string[] }> {
  const store = await openTestStore();
  const submitted: OutgoingMessage[] = [];
  const delivery = createDelivery({
    accounts: store.accounts,
    resolve: (localpart, domain) => {
      if (domain !== 'here.example') return { kind: 'notLocal' };
      return localpart === 'team' ? { kind: 'alias', name: 'team@here.example', members } : { kind: 'unknownUser' };
    },
    queue: {
      async submit(message) {
        submitted.push(message);
        return { ids: [1] };
      },
    },
    hostname: 'mx.here.example',
    clock: { now: () => 0 },
    log: silentLog,
    authenticate: async () => forged,
    decide: createDecide({
      steps: [async ({ sender }) => dmarcPolicy(sender)],
      rulesetsOf: ({ account }) => (account === 'curious' ? [curious] : []),
      log: silentLog,
      metrics: new Metrics(),
      signal: new AbortController().signal,
    }),
  });
  await using intake = await store.accounts.startMessage();
  await intake.write(Buffer.from('From: boss@example.net\r\n\r\nPay me\r\n'));
  const file = await intake.finish();
  onTestFinished(() => file[Symbol.asyncDispose]());
  const told = await delivery
    .receive({
      file,
      envelope: { sender: { localpart: 'x', domain: 'x.example' }, smtpUtf8: false, body: '7BIT', requireTls: false },
      reception: { remoteAddress: '192.0.2.1' },
      prefix: new Uint8Array(0),
      receivedAt: 0,
      recipients: [{ address: { localpart: 'team', domain: 'here.example' } }],
    })
    .then(
      () => 'accepted',
      (error: Error) => error.message,
    );
  return { told, passedOn: submitted.flatMap(({ recipients }) => recipients.map(({ address }) => address)) };
}

describe('a message that the policy of its author refuses', () => {
  const refused = expect.stringContaining('refused by the DMARC policy');

  it.each([
    ['members elsewhere', ['friend@elsewhere.example']],
    ['members here', [account('me'), account('you')]],
    ['both', [account('me'), 'friend@elsewhere.example']],
  ])('is refused for an alias with %s', async (_, members) => {
    expect(await deliverTo(members)).toEqual({ told: refused, passedOn: [] });
  });

  it('is passed on when a member here wants to have it', async () => {
    expect(await deliverTo([account('curious'), 'friend@elsewhere.example'])).toEqual({
      told: 'accepted',
      passedOn: ['friend@elsewhere.example'],
    });
  });
});

describe('a user who wants what is refused', () => {
  const file = { structure: {} } as IncomingMessage['file'];
  const asked = async (reason: Reason): Promise<string> => {
    const decide = createDecide({
      steps: [async () => ({ action: 'refuse', reason, error: new SmtpError(550, '5.7.1', 'No') })],
      rulesetsOf: () => [],
      log: silentLog,
      metrics: new Metrics(),
      signal: new AbortController().signal,
    });
    const message = { file, sender: forged } as IncomingMessage;
    const question = { account: {} as Account, recipient: account('curious'), ruleset: curious };
    return (await decide.forRecipient(message, question)).action;
  };

  it('gets it, but for floods', async () => {
    expect(await asked('dns-blocklist')).toBe('junk');
    expect(await asked('account-rate')).toBe('refuse');
  });
});
