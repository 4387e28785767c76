import { describe, expect, it } from 'vitest';
import { forwardedSender } from '../forwarded-sender.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import { spfFail } from './spf-fail.ts';

const disowned: SenderVerdict = {
  ip: '198.51.100.1',
  reverseName: { result: 'permerror' },
  spf: {
    result: 'fail',
    identity: 'mailfrom',
    domain: 'example.net',
    sender: 'a@example.net',
    explanation: 'not ours',
  },
  dkim: [],
  dmarc: { result: 'none', domain: 'example.net' },
  arc: { result: 'none', sealers: [] },
  dmarcOverride: undefined,
  author: { localpart: 'a', domain: 'example.net' },
  results: '',
  fields: '',
};

describe('a client that the domain in MAIL FROM disowns', () => {
  it('is refused for now, and told what the domain says', async () => {
    const decision = await spfFail({ sender: disowned });
    expect(decision).toMatchObject({ action: 'refuse', reason: 'spf-fail', error: { replyCode: 451 } });
    expect(decision?.action === 'refuse' && decision.error.publicText).toBe(
      '198.51.100.1 may not send for example.net, says its SPF record: not ours',
    );
  });

  it.each<[string, SenderVerdict]>([
    ['softfail', { ...disowned, spf: { ...disowned.spf, result: 'softfail' } }],
    ['a server that passes mail on for the user', forwardedSender(disowned)],
    [
      'an author whose domain stands behind the message',
      { ...disowned, dmarc: { result: 'pass', domain: 'example.net' } },
    ],
  ])('is not refused with %s', async (_, sender) => {
    expect(await spfFail({ sender })).toBeUndefined();
  });
});
