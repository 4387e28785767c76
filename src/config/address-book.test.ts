import { describe, expect, it } from 'vitest';
import type { AddressBook } from './address-book.ts';
import { parseDomainsConfig } from './domains-config.ts';
import { parseStaticConfig } from './static-config.ts';

function book(domains: string, more = ''): AddressBook {
  const server = parseStaticConfig(
    '/c/restante.yaml',
    `dataDirectory: d\nhostname: mail.example.org\npostmaster: { account: me }\nlisteners: {}\n${more}`,
  );
  return parseDomainsConfig(server, domains).addressBook;
}

const addresses = book(`
domains:
  example.org:
    otherNames: [example.net]
    localpartSeparators: ['+', '--']
  strict.example:
    localpartCaseSensitive: true
    localpartSeparators: []
  münchen.example:
    catchAll: { account: me, mailbox: Rest }
accounts:
  me:
    domain: example.org
    addresses:
      me@example.org:
      me+special@example.org: { mailbox: Special }
      Büro@example.org: { mailbox: Büro }
      Me@strict.example:
  you:
    domain: example.org
    addresses:
      you@example.org:
aliases:
  team@example.org:
    members: [me@example.org, you@example.org]
    allowFrom: true
  closed@example.org:
    members: [you@example.org]
`);

function mine(address: string, mailbox = 'Inbox') {
  return { kind: 'account', account: 'me', address, mailbox, implicit: false };
}

describe('an address for reports', () => {
  const domains = (more: string): string =>
    `domains:\n  example.org: { otherNames: [example.net], dmarcReports: { account: me${more} } }\naccounts:\n  me: { domain: example.org, addresses: { me@example.org: } }\n`;

  it('is found in each name of its domain, and goes to its mailbox', () => {
    const found = { ...mine('dmarc-reports@example.org', 'Reports'), reports: 'dmarc' };
    expect(book(domains('')).resolve('DMARC-Reports', 'example.net')).toEqual(found);
    const other = book(domains(', localpart: rua, mailbox: Lists/DMARC'));
    expect(other.resolve('rua', 'example.org')).toEqual({
      ...mine('rua@example.org', 'Lists/DMARC'),
      reports: 'dmarc',
    });
    expect(other.resolve('me', 'example.org')).toEqual(mine('me@example.org'));
  });

  it("must be nobody else's, of an account that exists", () => {
    expect(() => book(domains(', localpart: me'))).toThrow('accepted: each address once');
    expect(() => book(domains('').replace('account: me', 'account: mee'))).toThrow('did you mean "me"?');
  });
});

describe('resolving an address', () => {
  it('finds an account, whatever the case, the composition of letters and the final dot', () => {
    expect(addresses.resolve('me', 'example.org')).toEqual(mine('me@example.org'));
    expect(addresses.resolve('ME', 'Example.ORG.')).toEqual(mine('me@example.org'));
    expect(addresses.resolve('bu\u0308ro', 'example.org')).toEqual(mine('Büro@example.org', 'Büro'));
  });

  it('finds it in the other names of its domain', () => {
    expect(addresses.resolve('me', 'example.net')).toEqual(mine('me@example.org'));
  });

  it('keeps what follows a separator as detail, and prefers an address that is configured as it stands', () => {
    expect(addresses.resolve('me+Shop+x', 'example.org')).toEqual({ ...mine('me@example.org'), detail: 'Shop+x' });
    expect(addresses.resolve('me--a+b', 'example.org')).toEqual({ ...mine('me@example.org'), detail: 'a+b' });
    expect(addresses.resolve('me+Special', 'example.org')).toEqual(mine('me+special@example.org', 'Special'));
    expect(addresses.resolve('+me', 'example.org')).toEqual({ kind: 'unknownUser' });
  });

  it('minds case and ignores separators where the domain says so', () => {
    expect(addresses.resolve('Me', 'strict.example')).toEqual(mine('Me@strict.example'));
    expect(addresses.resolve('me', 'strict.example')).toEqual({ kind: 'unknownUser' });
    expect(addresses.resolve('Me+x', 'strict.example')).toEqual({ kind: 'unknownUser' });
  });

  it('gives the rest to the catch-all, under A-labels and U-labels', () => {
    const expected = { kind: 'account', account: 'me', mailbox: 'Rest', implicit: true };
    expect(addresses.resolve('x', 'xn--mnchen-3ya.example')).toEqual({
      ...expected,
      address: 'x@xn--mnchen-3ya.example',
    });
    expect(addresses.resolve('x', 'MÜNCHEN.example')).toEqual({ ...expected, address: 'x@MÜNCHEN.example' });
  });

  it('knows unknown users from foreign domains', () => {
    expect(addresses.resolve('nobody', 'example.org')).toEqual({ kind: 'unknownUser' });
    expect(addresses.resolve('me', 'elsewhere.example')).toEqual({ kind: 'notLocal' });
    expect(addresses.resolve('me', '')).toEqual({ kind: 'notLocal' });
    expect(addresses.resolve('constructor', 'example.org')).toEqual({ kind: 'unknownUser' });
  });

  it('always finds postmaster: bare, at the host, at a literal and in each domain', () => {
    const expected = { kind: 'account', account: 'me', mailbox: 'Postmaster', implicit: true };
    expect(addresses.resolve('PostMaster', undefined)).toEqual({ ...expected, address: 'PostMaster' });
    for (const domain of ['mail.example.org', 'example.org', 'strict.example', '[192.0.2.1]']) {
      expect(addresses.resolve('postmaster', domain)).toEqual({ ...expected, address: `postmaster@${domain}` });
    }
    expect(addresses.resolve('postmaster', 'elsewhere.example')).toEqual({ kind: 'notLocal' });
    expect(addresses.resolve('me', 'mail.example.org')).toEqual({ kind: 'notLocal' });
  });

  it('finds an alias with its members, also before a separator', () => {
    const expected = {
      kind: 'alias',
      name: 'team@example.org',
      members: [mine('me@example.org'), { ...mine('you@example.org'), account: 'you' }],
      postPublic: false,
      allowFrom: true,
    };
    expect(addresses.resolve('team', 'example.org')).toEqual(expected);
    expect(addresses.resolve('team+x', 'example.org')).toEqual(expected);
  });

  it('accepts every recipient of every domain in localserve mode', () => {
    const local = book(
      'domains:\n  localhost:\naccounts:\n  me:\n    domain: localhost\n    addresses:\n      me@localhost:\n',
      'localserve: true\n',
    );
    expect(local.resolve('anyone', 'anywhere.example')).toMatchObject({
      account: 'me',
      mailbox: 'Inbox',
      implicit: true,
    });
    expect(local.resolve('me', 'localhost')).toMatchObject({ account: 'me', implicit: false });
    expect(local.mayUseFrom('me', 'who@ever.example')).toBe(true);
  });
});

describe('logging in', () => {
  it('takes configured addresses and the name of the account, nothing else', () => {
    expect(addresses.accountForLogin('you@example.org')).toBe('you');
    expect(addresses.accountForLogin('You@Example.net')).toBe('you');
    expect(addresses.accountForLogin('you')).toBe('you');
    expect(addresses.accountForLogin('you+x@example.org')).toBeUndefined();
    expect(addresses.accountForLogin('team@example.org')).toBeUndefined();
    expect(addresses.accountForLogin('x@münchen.example')).toBeUndefined();
    expect(addresses.accountForLogin('constructor')).toBeUndefined();
    expect(addresses.accountForLogin('')).toBeUndefined();
  });

  it('knows the spellings that would be for one account, were there one', () => {
    expect(addresses.comparableLogin('Nobody@Example.net')).toBe(addresses.comparableLogin('nobody@example.org'));
    expect(addresses.comparableLogin('nobody')).not.toBe(addresses.comparableLogin('Nobody'));
    expect(addresses.comparableLogin('nobody+x@example.org')).not.toBe(addresses.comparableLogin('nobody@example.org'));
    expect(addresses.comparableLogin('you')).toBe('you');
    expect(addresses.comparableLogin('')).toBe('');
  });
});

describe('writing from an address', () => {
  it('is for the account that gets the answers, and for members where an alias allows it', () => {
    expect(addresses.mayUseFrom('me', 'me@example.org')).toBe(true);
    expect(addresses.mayUseFrom('me', 'me+shop@example.net')).toBe(true);
    expect(addresses.mayUseFrom('me', 'x@münchen.example')).toBe(true);
    expect(addresses.mayUseFrom('you', 'me@example.org')).toBe(false);
    expect(addresses.mayUseFrom('you', 'team@example.org')).toBe(true);
    expect(addresses.mayUseFrom('you', 'closed@example.org')).toBe(false);
    expect(addresses.mayUseFrom('you', 'you@elsewhere.example')).toBe(false);
    expect(addresses.mayUseFrom('you', 'you')).toBe(false);
  });
});
