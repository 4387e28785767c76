import { describe, expect, it } from 'vitest';
import { limits } from '../../runtime/limits.ts';
import { openTestStore } from '../../store/store-fixture.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import { findRuleset, rulesetFacts } from './find-ruleset.ts';
import type { Ruleset } from './ruleset.ts';

const verdict: SenderVerdict = {
  ip: '192.0.2.1',
  reverseName: { result: 'permerror' },
  spf: { result: 'pass', identity: 'mailfrom', domain: 'Bounces.Lists.example', sender: 'x@bounces.lists.example' },
  dkim: [],
  dmarc: { result: 'fail', domain: 'example.net', policy: 'reject' },
  arc: { result: 'none', sealers: [] },
  dmarcOverride: undefined,
  results: '',
  author: { localpart: 'ada', domain: 'example.net' },
  fields: '',
};

/** Whether a message is one for which a ruleset with these conditions is. */
async function meets(header: string, conditions: Partial<Ruleset>): Promise<boolean> {
  const store = await openTestStore();
  await using intake = await store.accounts.startMessage();
  await intake.write(Buffer.from(`${header}From: Ada <Ada@Example.net>\r\n\r\nhello\r\n`));
  await using file = await intake.finish();
  const facts = await rulesetFacts({
    file,
    sender: verdict,
    envelope: { sender: { localpart: 'x', domain: 'bounces.lists.example' } },
    reception: { remoteAddress: '192.0.2.1' },
  } as IncomingMessage);
  return findRuleset([{ headers: {}, isForward: false, ...conditions }], facts) !== undefined;
}

describe('a ruleset', () => {
  it.each<[string, Partial<Ruleset>, boolean]>([
    ['its author', { msgFrom: 'ada@example.net' }, true],
    ['another author', { msgFrom: 'eve@*' }, false],
    ['its envelope', { smtpMailFrom: '*@bounces.lists.example' }, true],
    ['the null sender', { smtpMailFrom: '<>' }, false],
    ['a domain above the one that was shown', { verifiedDomain: 'lists.example' }, true],
    ['a domain that only looks like it', { verifiedDomain: 'ists.example' }, false],
    ['the domain of an author that was not shown', { verifiedDomain: 'example.net' }, false],
    ['its network', { clientNetworks: ['198.51.100.0/24', '192.0.2.0/24'] }, true],
    ['another network', { clientNetworks: ['198.51.100.0/24', '2001:db8::/32'] }, false],
    ['a list, which it is not of', { listAllowDomain: 'lists.example' }, false],
    ['all of two', { msgFrom: '*@example.net', headers: { subject: 'hello' } }, false],
  ])('for %s', async (_, conditions, expected) => {
    expect(await meets('Subject: other\r\n', conditions)).toBe(expected);
  });

  it.each(['List-Id: <a.lists.example>', 'List-Post: <mailto:a@lists.example>', 'Precedence: list'])(
    'for a list knows it by %s',
    async (field) => {
      expect(await meets(`${field}\r\n`, { listAllowDomain: 'lists.example' })).toBe(true);
      expect(await meets(`${field}\r\n`, { listAllowDomain: 'other.example' })).toBe(false);
    },
  );

  it('looks at each field of a name, in any case and readable, but at no end of them', async () => {
    const headers = { 'x-tag': '*grün*' };
    const field = (value: string): string => `X-Tag: ${value}\r\n`;
    expect(await meets(field('red') + field('=?utf-8?q?gr=C3=BCn?='), { headers })).toBe(true);
    expect(await meets(field('red').repeat(limits.ruleFields - 1) + field('grün'), { headers })).toBe(true);
    expect(await meets(field('red').repeat(limits.ruleFields) + field('grün'), { headers })).toBe(false);
    expect(await meets(field(`${'red '.repeat(limits.ruleFieldCharacters / 4)}grün`), { headers })).toBe(false);
  });
});
