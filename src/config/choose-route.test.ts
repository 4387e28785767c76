import { describe, expect, it } from 'vitest';
import { chooseRoute } from './choose-route.ts';
import { type DomainsSettings, domainsSchema } from './domains-schema.ts';

const settings = domainsSchema.parse({
  domains: {
    'here.example': { routes: [{ toDomains: ['b.example'], transport: 'of-domain' }] },
    'bücher.example': { routes: [{ transport: 'of-books' }] },
  },
  accounts: {
    me: {
      domain: 'here.example',
      routes: [
        { toDomains: ['a.example', 'b.example'], minimumAttempts: 3, transport: 'fail' },
        { toDomains: ['a.example'], transport: 'of-account' },
      ],
    },
  },
  routes: [
    { fromDomains: ['Elsewhere.example'], transport: 'for-guests' },
    { toDomains: ['.c.example', 'straße.example'], transport: 'direct' },
    { minimumAttempts: 5, transport: 'last-resort' },
  ],
});

function route(recipientDomain: string, more: { account?: string; sender?: string; attempts?: number } = {}) {
  const names: Record<string, string> = { 'here.example': 'here.example', 'xn--bcher-kva.example': 'bücher.example' };
  return chooseRoute(
    { account: undefined, sender: 'me@here.example', attempts: 0, recipientDomain, ...more },
    settings as DomainsSettings,
    (domain) => names[domain],
  );
}

describe('the choice of a route', () => {
  it('asks the account first, then the domain of the sender, then everybody', () => {
    expect(route('a.example', { account: 'me' })).toBe('of-account');
    expect(route('b.example', { account: 'me' })).toBe('of-domain');
    expect(route('b.example')).toBe('of-domain');
    expect(route('www.c.example', { account: 'me' })).toBe('direct');
    expect(route('d.example', { account: 'gone' })).toBeUndefined();
  });

  it('waits for the attempts that a route wants', () => {
    expect(route('a.example', { account: 'me', attempts: 2 })).toBe('of-account');
    expect(route('a.example', { account: 'me', attempts: 3 })).toBe('fail');
    expect(route('d.example', { attempts: 5 })).toBe('last-resort');
  });

  it('tells a domain from those below it, however either is written', () => {
    expect(route('c.example')).toBeUndefined();
    expect(route('xc.example')).toBeUndefined();
    expect(route('xn--strae-oqa.example')).toBe('direct');
    expect(route('d.example', { sender: 'x@xn--bcher-kva.example' })).toBe('of-books');
    expect(route('d.example', { sender: 'x@ELSEWHERE.example' })).toBe('for-guests');
  });

  it('takes notices, which are from nobody, for mail from no domain', () => {
    expect(route('b.example', { sender: '' })).toBeUndefined();
    expect(route('[192.0.2.1]', { sender: '', attempts: 9 })).toBe('last-resort');
  });
});
