import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import type { DkimVerdict } from '../dkim/dkim-verify.ts';
import { isDmarcRecord, parseDmarcRecord } from './dmarc-record.ts';
import { type DmarcQuestion, evaluateDmarc } from './evaluate-dmarc.ts';
import { DmarcTree } from './tree-walk.ts';

const { signal } = new AbortController();

function zone(records: Record<string, string>): ZoneResolver {
  const resolver = new ZoneResolver();
  for (const [name, text] of Object.entries(records)) resolver.add(`_dmarc.${name}`, 'TXT', `v=DMARC1${text}`);
  return resolver;
}

function signed(domain: string, result: DkimVerdict['result'] = 'pass'): DkimVerdict {
  return { result, signature: { domain, selector: 's', identity: `@${domain}`, algorithm: 'rsa-sha256' } };
}

async function verdict(resolver: ZoneResolver, domain: string, changes: Partial<DmarcQuestion> = {}) {
  const spf = { result: 'none', domain: '' } as const;
  return await evaluateDmarc({ resolver, authorDomains: [domain], spf, dkim: [], signal, ...changes });
}

describe('DMARC', () => {
  it('passes what SPF or DKIM of the same organisation stands behind, and fails the rest', async () => {
    const resolver = zone({ 'example.org': '; p=reject' });
    const organisation = 'example.org';
    const pass = { result: 'pass', domain: 'example.org', policyDomain: 'example.org', organisation };
    const fail = { result: 'fail', domain: 'example.org', policyDomain: 'example.org', policy: 'reject' };
    expect(
      await verdict(resolver, 'example.org', { dkim: [signed('other.net'), signed('example.org')] }),
    ).toMatchObject(pass);
    expect(await verdict(resolver, 'example.org', { dkim: [signed('mail.example.org')] })).toMatchObject(pass);
    expect(
      await verdict(resolver, 'example.org', { spf: { result: 'pass', domain: 'bounce.example.org' } }),
    ).toMatchObject(pass);
    expect(await verdict(resolver, 'example.org')).toMatchObject(fail);
    expect(await verdict(resolver, 'example.org', { dkim: [signed('example.org', 'fail')] })).toMatchObject(fail);
    expect(await verdict(resolver, 'example.org', { dkim: [signed('example.org.evil.net')] })).toMatchObject(fail);
    expect(
      await verdict(resolver, 'example.org', { spf: { result: 'softfail', domain: 'example.org' } }),
    ).toMatchObject(fail);
    expect(await verdict(resolver, 'example.org', { dkim: [signed('example.org', 'temperror')] })).toMatchObject({
      result: 'temperror',
    });
    expect(await verdict(zone({}), 'example.org')).toEqual({ result: 'none', domain: 'example.org' });
  });

  it('passes without an organisation when that cannot be found out', async () => {
    const resolver = zone({ 'mail.example.org': '; p=reject' });
    const dkim = [signed('mail.example.org')];
    expect(await verdict(resolver, 'mail.example.org', { dkim })).toMatchObject({ organisation: 'mail.example.org' });
    resolver.fail('_dmarc.example.org');
    const known = { domain: 'mail.example.org', policyDomain: 'mail.example.org' };
    const without = await verdict(resolver, 'mail.example.org', { dkim });
    expect(without).toMatchObject({ result: 'pass', ...known });
    expect(without.organisation).toBeUndefined();
  });

  it('is strict when the domain asks for it', async () => {
    const resolver = zone({ 'example.org': '; p=none; adkim=s; aspf=s' });
    expect(await verdict(resolver, 'example.org', { dkim: [signed('mail.example.org')] })).toMatchObject({
      result: 'fail',
    });
    expect(await verdict(resolver, 'example.org', { spf: { result: 'pass', domain: 'a.example.org' } })).toMatchObject({
      result: 'fail',
    });
    expect(await verdict(resolver, 'example.org', { dkim: [signed('example.org')] })).toMatchObject({ result: 'pass' });
  });

  it('has policies of its own for domains below, those that do not exist, and for trying out', async () => {
    const resolver = zone({ 'example.org': '; p=reject; sp=quarantine; np=none', 'try.net': '; p=reject; t=y' });
    resolver.add('there.example.org', 'MX', { preference: 1, exchange: 'x' });
    expect(await verdict(resolver, 'example.org')).toMatchObject({ policy: 'reject' });
    expect(await verdict(resolver, 'there.example.org')).toMatchObject({
      policy: 'quarantine',
      policyDomain: 'example.org',
    });
    expect(await verdict(resolver, 'missing.example.org')).toMatchObject({ policy: 'none' });
    expect(await verdict(resolver, 'try.net')).toMatchObject({ policy: 'quarantine' });
  });

  it('says what a report needs, also when the first check was enough', async () => {
    const resolver = zone({ 'example.org': '; p=reject; t=y; ri=3600; rua=mailto:a@example.org' });
    const spf = { result: 'pass', domain: 'a.example.org' } as const;
    const both = await verdict(resolver, 'example.org', { spf, dkim: [signed('example.org')] });
    const record = { reportInterval: 3600, aggregateReports: ['mailto:a@example.org'], isTest: true };
    expect(both.evaluation).toMatchObject({ record, spfAligned: true, dkimAligned: true, isTestMode: false });
    const dkimOnly = await verdict(resolver, 'example.org', { dkim: [signed('x.net'), signed('b.example.org')] });
    expect(dkimOnly.evaluation).toMatchObject({ spfAligned: false, dkimAligned: true });
    const neither = await verdict(resolver, 'example.org');
    expect(neither.evaluation).toMatchObject({ spfAligned: false, dkimAligned: false, isTestMode: true });
    expect((await verdict(resolver, 'other.net')).evaluation).toBeUndefined();
    resolver.fail('_dmarc.failing.net');
    const enough = await verdict(resolver, 'example.org', { spf, dkim: [signed('failing.net')] });
    expect(enough).toMatchObject({ result: 'pass', policyDomain: 'example.org' });
    expect(enough.evaluation).toBeUndefined();
    const unsure = await verdict(resolver, 'example.org', { dkim: [signed('example.org', 'temperror')] });
    expect(unsure.evaluation).toBeUndefined();
  });

  it('needs one author, and a DNS that answers', async () => {
    const resolver = zone({ 'example.org': '; p=reject' });
    expect(await verdict(resolver, '', { authorDomains: [] })).toMatchObject({ result: 'permerror' });
    expect(await verdict(resolver, '', { authorDomains: ['a.org', 'b.org'] })).toMatchObject({ result: 'permerror' });
    resolver.fail('_dmarc.failing.org');
    expect(await verdict(resolver, 'failing.org')).toMatchObject({ result: 'temperror' });
  });

  it('finds the organisational domain by walking up, at most eight questions', async () => {
    const resolver = zone({
      'example.org': '; p=none',
      'team.example.org': '; p=reject; psd=n',
      bank: '; p=reject; psd=y',
      'giant.bank': '; p=none',
    });
    const asked: string[] = [];
    const { txt } = resolver;
    resolver.txt = (name: string) => {
      asked.push(name);
      return txt.call(resolver, name);
    };
    const organisational = (domain: string) => new DmarcTree(resolver, signal).organisationalDomain(domain);
    expect(await organisational('a.b.example.org')).toBe('example.org');
    expect(await organisational('a.team.example.org')).toBe('team.example.org');
    expect(await organisational('mail.giant.bank')).toBe('giant.bank');
    expect(await organisational('x.mail.small.bank')).toBe('small.bank');
    expect(await organisational('bank')).toBe('bank');
    expect(await organisational('nothing.published.net')).toBe('nothing.published.net');
    asked.length = 0;
    expect(await organisational(`${'a.'.repeat(40)}example.org`)).toBe('example.org');
    expect(asked).toHaveLength(8);
    expect(await verdict(resolver, 'unknown.bank')).toMatchObject({ policy: 'reject', policyDomain: 'bank' });
  });

  it('reads records as they come', () => {
    expect(
      ['v=DMARC1', 'v=DMARC1;p=none', 'v = DMARC1 ; p=none', 'v=DMARC10; p=none', 'p=none; v=DMARC1', 'v=dmarc1'].map(
        isDmarcRecord,
      ),
    ).toEqual([true, true, true, false, false, false]);
    expect(parseDmarcRecord('v=DMARC1')).toBeUndefined();
    expect(parseDmarcRecord('v=DMARC1; p=what')).toBeUndefined();
    expect(parseDmarcRecord('v=DMARC1; p=what; rua=mailto:a@b,mailto:c@d!10m')).toMatchObject({
      policy: 'none',
      aggregateReports: ['mailto:a@b', 'mailto:c@d!10m'],
    });
    expect(parseDmarcRecord('v=DMARC1; P = Reject ; pct=50; ;x;p=none')).toMatchObject({
      policy: 'reject',
      subdomainPolicy: 'reject',
    });
    fc.assert(fc.property(fc.string(), (text) => void parseDmarcRecord(`v=DMARC1;${text}`)));
    // As much as a TXT record can hold, in time with its length.
    const started = performance.now();
    expect(parseDmarcRecord(`v=DMARC1; p=x${' '.repeat(65_000)}x; sp${' '.repeat(65_000)}x`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});
