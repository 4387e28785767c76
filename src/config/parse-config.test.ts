import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, problemText } from './config-error.ts';
import { parseDomainsConfig } from './domains-config.ts';
import { parseStaticConfig, type StaticConfig } from './static-config.ts';
import { transportLogin } from './transport-login.ts';

const minimal = `
dataDirectory: data
hostname: mail.example.org
postmaster:
  account: me
listeners: {}
`.trimStart();

const domains = `
domains:
  example.org:
accounts:
  me:
    domain: example.org
    addresses:
      me@example.org:
`.trimStart();

function problemsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problemText);
    throw error;
  }
  return [];
}

function server(text = minimal): StaticConfig {
  return parseStaticConfig('/etc/restante/restante.yaml', text);
}

describe('restante.yaml', () => {
  it('needs little: everything else has a default', () => {
    const config = server();
    expect(config.dataDirectory).toBe('/etc/restante/data');
    expect(config.domainsPath).toBe('/etc/restante/domains.yaml');
    expect(config.logLevel).toBe('info');
    expect(config.resolver.timeout).toBe(5000);
    expect(config.newAccounts.specialUse.Sent).toBe('Sent');
    expect(config.postmaster.mailbox).toBe('Postmaster');
  });

  it('takes a service with nothing after its name as enabled on its usual port', () => {
    const config = server(
      `${minimal.replace('listeners: {}', 'listeners:\n  public:\n    addresses: [0.0.0.0]\n    smtp:')}`,
    );
    expect(config.listeners.public.smtp).toEqual({ enabled: true, port: 25 });
    expect(config.listeners.public.imap).toBeUndefined();
  });

  it('reads sizes and times with units', () => {
    const config = server(
      `${minimal}limits:\n  messageBytes: 25 MiB\nquota: 1.5 GB\nmessageQuota: 100000\nresolver:\n  timeout: 250 ms\n`,
    );
    expect(config.limits.messageBytes).toBe(25 * 1024 * 1024);
    expect(config.quota).toBe(1_500_000_000);
    expect(config.messageQuota).toBe(100_000);
    expect(config.resolver.timeout).toBe(250);
  });

  it('reads the password of a transport when it is needed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'restante-relay-'));
    await writeFile(join(directory, 'secret'), 'pa ss\n');
    const text = `${minimal}relay: out\ntransports:\n  out: { host: r.example, username: me, passwordFile: secret }\n`;
    const config = parseStaticConfig(join(directory, 'restante.yaml'), text);
    const { username = '', passwordFile = '' } = config.transports.out;
    expect(await transportLogin(username, passwordFile)).toEqual({ login: 'me', password: 'pa ss' });
    await writeFile(join(directory, 'secret'), 'changed');
    expect(await transportLogin(username, passwordFile)).toEqual({ login: 'me', password: 'changed' });
    await rm(directory, { recursive: true });
    await expect(transportLogin(username, passwordFile)).rejects.toThrow('Cannot read configuration');
  });

  const wrong: [what: string, text: string, problems: string[]][] = [
    [
      'an unknown key',
      `${minimal}loglevel: debug\n`,
      [
        'restante.yaml:6:1: loglevel: unknown key, did you mean "logLevel"? accepted: dataDirectory, hostname, logLevel, logLevels, postmaster, adminPasswordFile, listeners, resolver, dnsBlocklists, trustedArcSealers, limits, newAccounts, quota, messageQuota, maxOutgoingMessagesPerDay, maxNewRecipientsPerDay, keepRetiredMessages, transports, relay, dmarcReporting, tlsReporting, localserve',
      ],
    ],
    [
      'an unknown key like no other',
      `${minimal}resolver:\n  zzz: 1\n`,
      ['restante.yaml:7:3: resolver.zzz: unknown key, accepted: servers, timeout'],
    ],
    [
      'a missing key',
      minimal.replace('hostname: mail.example.org\n', ''),
      ['restante.yaml:1:1: hostname: missing, accepted: a host name such as mail.example.org'],
    ],
    [
      'a missing key further in, at the key it belongs to',
      minimal.replace('  account: me\n', '  mailbox: Post\n'),
      [
        'restante.yaml:3:1: postmaster.account: missing, accepted: an account name: 1 to 64 of a-z, 0-9, ".", "_", "-", starting with a letter or digit',
      ],
    ],
    [
      'a value of the wrong kind',
      `${minimal}localserve: yes\n`,
      ['restante.yaml:6:13: localserve: found "yes", accepted: true or false'],
    ],
    [
      'a number out of range, in a list inside a mapping with free keys',
      minimal.replace(
        '{}',
        '\n  public:\n    addresses:\n      - 127.0.0.1\n      - 127.0.0.256\n    smtp:\n      port: 70000',
      ),
      [
        'restante.yaml:9:9: listeners.public.addresses[1]: found "127.0.0.256", accepted: an IPv4 or IPv6 address such as 192.0.2.1 or "2001:db8::1"',
        'restante.yaml:11:13: listeners.public.smtp.port: found 70000, accepted: a port number, 0 (any free one) to 65535',
      ],
    ],
    [
      'a choice that does not exist',
      `${minimal}logLevel: verbose\n`,
      ['restante.yaml:6:11: logLevel: found "verbose", accepted: debug, info, warn, error, silent'],
    ],
    [
      'a bad name where names are free',
      `${minimal}transports:\n  ../x:\n    host: a.example\n`,
      [
        'restante.yaml:7:3: transports."../x": found "../x", accepted: a name: 1 to 64 letters, digits, ".", "_", "-", starting with a letter or digit',
      ],
    ],
    [
      'a size that is none',
      `${minimal}quota: 10 gigs\n`,
      [
        'restante.yaml:6:8: quota: found "10 gigs", accepted: a size in bytes, or with a unit such as 500 kB, 100 MiB, 10 GB',
      ],
    ],
    [
      'a key given twice',
      `${minimal}hostname: other.example.org\n`,
      ['restante.yaml:6:1: not YAML: Map keys must be unique'],
    ],
    [
      'text that is no YAML',
      'hostname: [a\n',
      ['restante.yaml:2:1: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    [
      'two services at one port',
      minimal.replace('{}', '\n  public:\n    addresses: [127.0.0.1]\n    smtp:\n    imap:\n      port: 25'),
      [
        'restante.yaml:9:5: listeners.public.imap: found 127.0.0.1 port 25, which listeners.public.smtp has, accepted: another port or address',
      ],
    ],
    [
      'a TLS service without certificates',
      minimal.replace('{}', '\n  public:\n    addresses: [127.0.0.1]\n    imaps:'),
      ['restante.yaml:8:5: listeners.public.imaps: needs certificates, accepted: with "tls" beside it in the listener'],
    ],
    [
      'TLS settings without a certificate',
      minimal.replace('{}', '\n  public:\n    addresses: [127.0.0.1]\n    tls:\n    imaps:'),
      ['restante.yaml:8:5: listeners.public.tls: found no certificate, accepted: "certificates" or "selfSigned: true"'],
    ],
    [
      'half a login, and a relay that is not there',
      `${minimal}transports:\n  out:\n    host: relay.example\n    username: me\nrelay: in\n`,
      [
        'restante.yaml:7:3: transports.out: found half a login, accepted: username with passwordFile',
        'restante.yaml:10:8: relay: found "in", accepted: a name under "transports"',
      ],
    ],
    [
      'a list instead of a mapping, and an empty file',
      '- a\n',
      [
        'restante.yaml:1:1: found a list, accepted: a mapping with the keys dataDirectory, hostname, logLevel, logLevels, postmaster, adminPasswordFile, listeners, resolver, dnsBlocklists, trustedArcSealers, limits, newAccounts, quota, messageQuota, maxOutgoingMessagesPerDay, maxNewRecipientsPerDay, keepRetiredMessages, transports, relay, dmarcReporting, tlsReporting, localserve',
      ],
    ],
  ];

  it.each(wrong)('refuses %s, and says where it is and what is accepted', (_what, text, problems) => {
    expect(problemsOf(() => server(text))).toEqual(problems);
  });

  it('names all problems at once, in the order of lines, in one error with a hint', () => {
    const text = `${minimal}logLevel: x\nquota: y\n`;
    try {
      server(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).message).toBe(
        'Cannot use configuration: 2 problems\n' +
          'restante.yaml:6:11: logLevel: found "x", accepted: debug, info, warn, error, silent\n' +
          'restante.yaml:7:8: quota: found "y", accepted: a size in bytes, or with a unit such as 500 kB, 100 MiB, 10 GB',
      );
      expect((error as ConfigError).hint).toContain('restante config test');
    }
  });
});

describe('domains.yaml', () => {
  it('is accepted with a domain and an account', () => {
    const config = parseDomainsConfig(server(), domains);
    expect(config.domains['example.org'].localpartSeparators).toEqual(['+']);
    expect(config.accounts.me.addresses['me@example.org'].mailbox).toBe('Inbox');
  });

  const wrong: [what: string, text: string, problems: string[]][] = [
    [
      'an address of no domain here',
      domains.replace('me@example.org', 'me@exmple.org'),
      [
        'domains.yaml:7:7: accounts.me.addresses."me@exmple.org": found "me@exmple.org", accepted: an address of a domain under "domains", did you mean "example.org"?',
      ],
    ],
    [
      'an account in no domain here',
      domains.replace('domain: example.org', 'domain: nowhere.test'),
      ['domains.yaml:5:13: accounts.me.domain: found "nowhere.test", accepted: a name under "domains": example.org'],
    ],
    [
      'an address given twice, however it is written',
      `${domains}      ME@EXAMPLE.org:\n`,
      [
        'domains.yaml:8:7: accounts.me.addresses."ME@EXAMPLE.org": found "ME@EXAMPLE.org", which account "me" has, accepted: each address once',
      ],
    ],
    [
      'a domain given twice, as U-labels and A-labels',
      domains.replace('  example.org:\n', '  example.org:\n  münchen.example:\n  xn--mnchen-3ya.example:\n'),
      [
        'domains.yaml:4:3: domains."xn--mnchen-3ya.example": found "xn--mnchen-3ya.example" a second time, accepted: each domain once',
      ],
    ],
    [
      'a ruleset with a field name that is none',
      `${domains}    rulesets:\n      - { headers: { "List Id": "*" } }\n`,
      [
        'domains.yaml:9:22: accounts.me.rulesets[0].headers."List Id": found "List Id", accepted: the name of a header field',
      ],
    ],
    [
      'rulesets that are for all mail, or would let anybody pass on what they like',
      `${domains}        rulesets:\n          - mailbox: All\n          - { msgFrom: "*@example.net", isForward: true }\n`,
      [
        'domains.yaml:9:13: accounts.me.addresses."me@example.org".rulesets[0]: found a ruleset for all mail, accepted: one with smtpMailFrom, msgFrom, verifiedDomain, clientNetworks, headers or listAllowDomain',
        'domains.yaml:10:52: accounts.me.addresses."me@example.org".rulesets[1].isForward: found true, accepted: true together with verifiedDomain or clientNetworks, which strangers cannot forge',
      ],
    ],
    [
      'an alias that is an address, with unknown members and other aliases in it',
      `${domains}aliases:\n  me@example.org:\n    members: [you@example.org]\n  all@example.org:\n    members: [all@example.org, me@example.org, Me@example.org]\n`,
      [
        'domains.yaml:9:3: aliases."me@example.org": found "me@example.org", which account "me" has, accepted: each address once',
        'domains.yaml:10:15: aliases."me@example.org".members[0]: found "you@example.org", accepted: an address of an account, did you mean "me@example.org"?',
        'domains.yaml:12:15: aliases."all@example.org".members[0]: found "all@example.org", an alias, accepted: an address of an account, did you mean "me@example.org"?',
        'domains.yaml:12:48: aliases."all@example.org".members[2]: found "Me@example.org" a second time, accepted: each member once',
      ],
    ],
    [
      'a name that could be a path',
      `${domains}  ../etc:\n    domain: example.org\n`,
      [
        'domains.yaml:8:3: accounts."../etc": found "../etc", accepted: an account name: 1 to 64 of a-z, 0-9, ".", "_", "-", starting with a letter or digit',
      ],
    ],
    [
      'a catch-all, a DKIM selector and a transport that are not there',
      domains.replace(
        '  example.org:\n',
        '  example.org:\n    catchAll: { account: mee }\n    dkim: { sign: [a] }\n    routes: [{ transport: smart }]\n',
      ),
      [
        'domains.yaml:3:26: domains."example.org".catchAll.account: found "mee", accepted: a name under "accounts", did you mean "me"?',
        'domains.yaml:4:20: domains."example.org".dkim.sign[0]: found "a", accepted: a name under "selectors"',
        'domains.yaml:5:27: domains."example.org".routes[0].transport: found "smart", accepted: direct, fail, or a name under "transports" of restante.yaml',
      ],
    ],
    [
      'accounts without the postmaster',
      domains.replace('  me:', '  you:'),
      [
        'domains.yaml:3:1: accounts: found no account "me", accepted: with the one that "postmaster" of restante.yaml names: you',
      ],
    ],
  ];

  it.each(wrong)('refuses %s, and says where it is and what is accepted', (_what, text, problems) => {
    expect(problemsOf(() => parseDomainsConfig(server(), text))).toEqual(problems);
  });
});
