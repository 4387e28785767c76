import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../dns/zone-fixture.ts';
import { parseArcResults } from '../mailauth/arc/arc-results.ts';
import type { ArcVerdict } from '../mailauth/arc/arc-verify.ts';
import { dmarcPolicy } from './decision/dmarc-policy.ts';
import { type VouchedAuthorQuestion, vouchedAuthor } from './vouched-author.ts';

const { signal } = new AbortController();
const passed =
  'spf=pass smtp.mailfrom=me@example.org; arc=none smtp.remote-ip=192.0.2.1; dmarc=pass header.from=example.org';

function chain(results: readonly (readonly [domain: string, results: string])[], changes: Partial<ArcVerdict> = {}) {
  const sealers = results.map(([domain, text], at) => {
    return { domain, selector: 's', authentication: parseArcResults(`i=${at + 1}; ${domain}; ${text}`)! };
  });
  return { result: 'pass' as const, signsAuthor: true, oldestPass: 0, sealers, ...changes };
}

async function vouched(arc: ArcVerdict, changes: Partial<VouchedAuthorQuestion> = {}) {
  const resolver = new ZoneResolver();
  resolver.add('_dmarc.example.org', 'TXT', 'v=DMARC1; p=reject');
  return await vouchedAuthor({
    arc,
    dmarc: { result: 'fail', domain: 'example.org', policyDomain: 'example.org', policy: 'reject' },
    trustedSealers: new Set(['lists.example', 'relay.example']),
    resolver,
    signal,
    ...changes,
  });
}

describe('an author whom trusted servers vouch for', () => {
  it('is one for whom DMARC passed at the first of them', async () => {
    expect(await vouched(chain([['lists.example', passed]]))).toEqual({
      outcome: 'applies',
      sealers: ['lists.example'],
      report: { type: 'local_policy', comment: 'arc=pass as[1].d=lists.example as[1].s=s remote-ip[1]=192.0.2.1' },
    });
    const twice = chain([
      ['lists.example', 'dmarc=pass header.from=Example.ORG'],
      ['relay.example', 'dmarc=fail header.from=example.org'],
    ]);
    expect(await vouched(twice)).toEqual({
      outcome: 'applies',
      sealers: ['relay.example', 'lists.example'],
      report: {
        type: 'local_policy',
        comment: 'arc=pass as[2].d=relay.example as[2].s=s as[1].d=lists.example as[1].s=s',
      },
    });
  });

  it('is one whom SPF or DKIM stood behind, aligned as the policy wants it', async () => {
    const outcome = async (results: string) => (await vouched(chain([['lists.example', results]])))?.outcome;
    for (const results of [
      'dkim=pass header.d=example.org',
      'dkim=fail header.d=example.org; dkim=pass (ok) header.i=@mail.example.org',
      'spf=pass smtp.mailfrom=bounce@mail.example.org',
      'spf=pass smtp.mailfrom=example.org; dmarc=fail header.from=example.org',
    ]) {
      expect(await outcome(results), results).toBe('applies');
    }
    for (const results of [
      '',
      'none',
      'dmarc=pass',
      'dmarc=pass header.from=other.example',
      'dmarc=fail header.from=example.org',
      'dmarc=fail (dmarc=pass header.from=example.org)',
      'dmarc=fail reason="; dmarc=pass header.from=example.org"',
      'dkim=pass header.d=example.org.evil.example',
      'dkim=pass header.d=lists.example',
      'dkim=fail header.d=example.org',
      'spf=softfail smtp.mailfrom=example.org',
      'spf=pass smtp.mailfrom=""',
      'auth=pass smtp.auth=me@example.org',
    ]) {
      expect(await outcome(results), results).toBeUndefined();
    }
  });

  it('is none when a server of the chain is not trusted, or the chain does not pass', async () => {
    expect(await vouched(chain([['lists.example', passed]]), { trustedSealers: new Set() })).toBeUndefined();
    expect(await vouched(chain([['evil.example', passed]]))).toBeUndefined();
    expect(await vouched(chain([['sub.lists.example', passed]]))).toBeUndefined();
    for (const order of [
      ['evil.example', 'lists.example'],
      ['lists.example', 'evil.example'],
    ]) {
      expect(await vouched(chain(order.map((domain) => [domain, passed] as const)))).toBeUndefined();
    }
    expect(await vouched(chain([['lists.example', passed]], { result: 'fail' }))).toBeUndefined();
    expect(await vouched(chain([['lists.example', passed]], { signsAuthor: false }))).toBeUndefined();
    expect(await vouched({ result: 'none', sealers: [] })).toBeUndefined();
  });

  it('is not asked for when there is no policy to set aside', async () => {
    const good = chain([['lists.example', passed]]);
    expect(await vouched(good, { dmarc: { result: 'pass', domain: 'example.org' } })).toBeUndefined();
    expect(await vouched(good, { dmarc: { result: 'fail', domain: 'example.org', policy: 'none' } })).toBeUndefined();
    expect(await vouched(good, { dmarc: { result: 'temperror', domain: 'example.org' } })).toBeUndefined();
  });

  it('is not known when the DNS does not answer: the message is refused for now', async () => {
    const later = chain([['lists.example', passed]], { result: 'temperror', problem: 'no answer' });
    const dmarc = { result: 'fail', domain: 'example.org', policy: 'reject' } as const;
    const dmarcOverride = await vouched(later);
    expect(dmarcOverride).toEqual({ outcome: 'unknown', problem: 'no answer' });
    expect(dmarcPolicy({ dmarc, dmarcOverride })).toMatchObject({ action: 'refuse', error: { replyCode: 451 } });
    expect(dmarcPolicy({ dmarc: { ...dmarc, policy: 'quarantine' }, dmarcOverride })).toMatchObject({
      action: 'refuse',
      error: { replyCode: 451 },
    });
    expect(dmarcPolicy({ dmarc, dmarcOverride: undefined })).toMatchObject({ error: { replyCode: 550 } });
    expect(dmarcPolicy({ dmarc, dmarcOverride: await vouched(chain([['lists.example', passed]])) })).toBeUndefined();
    // Nobody can have their mail put off, and tried again for days, by naming servers that nobody trusts.
    expect(await vouched({ ...later, sealers: chain([['evil.example', passed]]).sealers })).toBeUndefined();
  });
});
