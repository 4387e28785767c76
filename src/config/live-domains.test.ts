import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../runtime/log.ts';
import { ConfigError } from './config-error.ts';
import { DomainsEditError } from './edit-domains.ts';
import { LiveDomains } from './live-domains.ts';
import { loadStaticConfig, type StaticConfig } from './static-config.ts';

const text = `# Our domains
domains:
  example.org: # the first

# People
accounts:
  me:
    domain: example.org
    addresses:
      me@example.org: # main

      info@example.org: { mailbox: Info } # for the web site
      # sub
      sub@example.org:
      # The second
  you: # left in May
    domain: example.org
# The end
`;

let directory: string;
let staticConfig: StaticConfig;
let domains: LiveDomains;
let lines: string[];

const log: Log = {
  debug() {},
  info: (fields, message) => void lines.push(`info ${message} ${JSON.stringify(fields)}`),
  warn() {},
  error: (fields, message) => void lines.push(`error ${message} ${JSON.stringify(fields)}`),
  child: () => log,
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-config-'));
  const path = join(directory, 'restante.yaml');
  await writeFile(path, 'dataDirectory: d\nhostname: mail.example.org\npostmaster: { account: me }\nlisteners: {}\n');
  await writeFile(join(directory, 'domains.yaml'), text, { mode: 0o640 });
  staticConfig = await loadStaticConfig(path);
  lines = [];
  domains = await LiveDomains.open(staticConfig, log);
});

afterEach(async () => {
  await domains.close();
  await rm(directory, { recursive: true });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('editing domains.yaml', () => {
  it('keeps comments and all else, and puts the change to use', async () => {
    let changes = 0;
    domains.onChange(() => changes++);
    await domains.edit([
      { edit: 'addDomain', domain: 'example.net' },
      { edit: 'addAddress', address: 'me@example.net', account: 'me', mailbox: 'Net' },
      { edit: 'addAccount', account: 'new', address: 'new@example.net', fullName: 'N. E. W.' },
      { edit: 'addAlias', address: 'all@example.net', members: ['me@example.org', 'new@example.net'] },
      { edit: 'removeAccount', account: 'you' },
      { edit: 'disableLogin', account: 'new', reason: 'Not yet' },
    ]);
    expect(await readFile(join(directory, 'domains.yaml'), 'utf8')).toBe(`# Our domains
domains:
  example.org: {} # the first
  example.net: {}

# People
accounts:
  me:
    domain: example.org
    addresses:
      me@example.org: {} # main

      info@example.org: { mailbox: Info } # for the web site
      # sub
      sub@example.org: {}
      me@example.net:
        mailbox: Net
  new:
    domain: example.net
    fullName: N. E. W.
    addresses:
      new@example.net: {}
    loginDisabled: Not yet
aliases:
  all@example.net:
    members:
      - me@example.org
      - new@example.net

# The end
`);
    expect((await stat(join(directory, 'domains.yaml'))).mode & 0o777).toBe(0o640);
    expect(changes).toBe(1);
    expect(domains.addressBook.resolveAddress('me@example.net')).toMatchObject({ account: 'me', mailbox: 'Net' });
  });

  it('adds and removes members of an alias, however they are spelled', async () => {
    await domains.edit([
      { edit: 'addAlias', address: 'all@example.org', members: ['me@example.org'] },
      { edit: 'addAliasMembers', address: 'All@example.org', members: ['info@example.org'] },
      { edit: 'removeAliasMembers', address: 'ALL@example.org', members: ['Me@EXAMPLE.org'] },
    ]);
    expect(domains.config.aliases['all@example.org'].members).toEqual(['info@example.org']);
    await domains.edit([{ edit: 'removeAlias', address: 'all@EXAMPLE.org' }]);
    expect(domains.config.aliases).toEqual({});
  });

  it('adds, uses and removes keys for DKIM', async () => {
    const key = { domain: 'Example.org', selector: 'new' };
    await domains.edit([{ edit: 'addDkimSelector', ...key, privateKeyFile: 'keys/new.pem' }]);
    const dkim = () => domains.config.domains['example.org']!.dkim;
    expect([Object.keys(dkim().selectors), dkim().sign]).toEqual([['new'], []]);
    await domains.edit([{ edit: 'signWithDkim', ...key, signs: true }]);
    await domains.edit([{ edit: 'signWithDkim', ...key, signs: true }]);
    expect(dkim().sign).toEqual(['new']);
    await expect(domains.edit([{ edit: 'removeDkimSelector', ...key }])).rejects.toThrow('mail is signed with it');
    await domains.edit([{ edit: 'signWithDkim', ...key, signs: false }]);
    await domains.edit([{ edit: 'removeDkimSelector', ...key }]);
    expect([Object.keys(dkim().selectors), dkim().sign]).toEqual([[], []]);
    await expect(domains.edit([{ edit: 'signWithDkim', ...key, signs: true }])).rejects.toThrow('it does not exist');
  });

  it('writes nothing that would not be valid', async () => {
    await expect(domains.edit([{ edit: 'removeDomain', domain: 'example.org' }])).rejects.toThrow(ConfigError);
    await expect(domains.edit([{ edit: 'removeAccount', account: 'me' }])).rejects.toThrow(ConfigError);
    await expect(domains.edit([{ edit: 'addAddress', account: 'you', address: 'Me@example.org' }])).rejects.toThrow(
      'which account "me" has, accepted: each address once',
    );
    expect(await readFile(join(directory, 'domains.yaml'), 'utf8')).toBe(text);
  });

  it.each([
    [{ edit: 'addDomain', domain: 'example.org' }, 'Cannot add domain "example.org": it exists already'],
    [{ edit: 'removeDomain', domain: 'x.example' }, 'Cannot remove domain "x.example": it does not exist'],
    [{ edit: 'addAccount', account: 'me', address: 'm@example.org' }, 'Cannot add account "me": it exists already'],
    [{ edit: 'removeAddress', address: 'x@example.org' }, 'Cannot remove address "x@example.org": no account has it'],
    [{ edit: 'addAddress', account: 'x', address: 'x@example.org' }, 'Cannot change account "x": it does not exist'],
    [{ edit: 'removeAlias', address: 'x@example.org' }, 'Cannot remove alias "x@example.org": it does not exist'],
  ] as const)('refuses %o', async (change, message) => {
    await expect(domains.edit([change])).rejects.toThrow(DomainsEditError);
    await expect(domains.edit([change])).rejects.toThrow(message);
  });

  it('loses none of the changes that several programs make at once', async () => {
    const others = await Promise.all([1, 2].map(() => LiveDomains.open(staticConfig, log)));
    const names = Array.from({ length: 12 }, (_, at) => `many${at}.example`);
    await Promise.all(names.map((domain, at) => [domains, ...others][at % 3]!.edit([{ edit: 'addDomain', domain }])));
    await domains.reload();
    expect(Object.keys(domains.config.domains)).toEqual(expect.arrayContaining(names));
  });

  it('does not write over a file that became invalid meanwhile', async () => {
    await writeFile(staticConfig.domainsPath, 'domains: [');
    await expect(domains.edit([{ edit: 'removeAccount', account: 'you' }])).rejects.toThrow(ConfigError);
    expect(await readFile(staticConfig.domainsPath, 'utf8')).toBe('domains: [');
  });
});

describe('reloading domains.yaml', () => {
  it('says whether anything changed', async () => {
    expect(await domains.reload()).toBe(false);
    await writeFile(staticConfig.domainsPath, text.replace('info@', 'web@'));
    expect(await domains.reload()).toBe(true);
    expect(domains.addressBook.resolveAddress('web@example.org')).toMatchObject({ account: 'me' });
  });

  it('happens by itself, keeps the old configuration while the new one has errors, and says so once', async () => {
    domains.watch(20);
    await writeFile(staticConfig.domainsPath, text.replace('info@', 'web@'));
    await until(() => 'web@example.org' in domains.config.accounts.me.addresses);
    await writeFile(staticConfig.domainsPath, 'domains:\n  x.example:\n    oops: 1\naccounts:\n  me:\n');
    await until(() => lines.some((line) => line.startsWith('error')));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const errors = lines.filter((line) => line.startsWith('error'));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('domains.yaml:3:5: domains.\\"x.example\\".oops: unknown key');
    expect(domains.addressBook.isLocalDomain('example.org')).toBe(true);
    await writeFile(staticConfig.domainsPath, text);
    await until(() => 'info@example.org' in domains.config.accounts.me.addresses);
  });
});
