/**
 * Incoming mail with all checks, in a network of its own: messages of 4 KiB, signed with DKIM (RSA, 2048 bits), from a domain with SPF and
 * DMARC records, to Restante, and to Postfix with OpenDKIM and OpenDMARC. Same messages, same DNS, same client. Run by
 * `npm run bench:incoming` as root; the packages are those of tests/peers/install-peers, and opendmarc.
 */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dkimTxt } from '../../../src/config/dkim-key.ts';
import { createSqliteEngine } from '../../../src/database/sqlite/sqlite-engine.ts';
import { JunkFilters } from '../../../src/junk/junk-filters.ts';
import { messageWords } from '../../../src/junk/message-words.ts';
import { dkimSign } from '../../../src/mailauth/dkim/dkim-sign.ts';
import { parseStructure } from '../../../src/message/structure-parser.ts';
import { silentLog } from '../../../src/runtime/log.ts';
import { testCertificate } from '../../harness/test-certificates.ts';
import { createNetwork, type Host } from '../../network/network.ts';
import { startSignedDns } from '../../network/signed-dns.ts';
import { startSite } from '../../network/site.ts';
import { openImap, type Reader } from '../../peers/read-mail.ts';
import { startPostfix } from '../../peers/start-postfix.ts';
import { makeCorpus } from '../junk/make-corpus.ts';
import { makeMessage } from '../make-message.ts';
import { treeCpuMs } from '../measure-cpu.ts';

const rounds = 5;
/** Of each round: strangers may send 60 messages a minute to one account of Restante, so that each round has others. */
const accountsAtOnce = 25;
const perAccount = 40;
const accounts = Array.from({ length: rounds * accountsAtOnce }, (_, at) => `u${at}`);

interface Peer {
  readonly name: string;
  readonly address: string;
  readonly domain: string;
  cpuMs(): number;
  /** Resolves when all messages of a round are stored. */
  settled(names: readonly string[]): Promise<void>;
}

const directory = await mkdtemp(join(tmpdir(), 'restante-bench-incoming-'));
await chmod(directory, 0o755);
await using network = createNetwork();
await using dns = await startSignedDns(network.addHost('dns', '192.0.2.53'));
const [hostA, hostP, client] = ['10', '30', '77'].map((last, at) =>
  network.addHost(['a', 'p', 'c'][at]!, `192.0.2.${last}`),
);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const strings = dkimTxt(privateKey)
  .match(/.{1,200}/g)!
  .map((text) => `"${text}"`);
const records = [
  'sender.example. IN TXT "v=spf1 ip4:192.0.2.77 -all"',
  `k._domainkey.sender.example. IN TXT ${strings.join(' ')}`,
  '_dmarc.sender.example. IN TXT "v=DMARC1; p=reject"',
  'client.sender.example. IN A 192.0.2.77',
  '77.2.0.192.in-addr.arpa. IN PTR client.sender.example.',
  'mx.p.example. IN A 192.0.2.30',
  'mx.a.example. IN A 192.0.2.10',
].map((line) => line.replace(' IN ', ' 3600 IN '));
await dns.publish(records, []);
for (const host of [hostA!, hostP!]) await dns.startResolver(host);

const restante = await startRestante(hostA!);
const postfix = await startOther(hostP!);
const file = join(directory, 'message');
// smtp-source makes the line ends itself.
await writeFile(file, (await signedMessage()).toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
console.log(
  `${rounds} rounds of ${accountsAtOnce * perAccount} messages of ${(await signedMessage()).length} bytes, ${accountsAtOnce} connections`,
);
const measured = new Map<string, { rate: number; cpuMs: number }[]>();
for (let round = 0; round < rounds; round++) {
  for (const peer of round % 2 === 0 ? [restante.peer, postfix.peer] : [postfix.peer, restante.peer]) {
    const result = await runRound(peer, accounts.slice(round * accountsAtOnce, (round + 1) * accountsAtOnce));
    console.log(`  ${peer.name}: ${result.rate.toFixed(0)} messages/s, ${result.cpuMs.toFixed(2)} ms CPU a message`);
    measured.set(peer.name, [...(measured.get(peer.name) ?? []), result]);
  }
}
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const of = (name: string, key: 'rate' | 'cpuMs'): number => median(measured.get(name)!.map((result) => result[key]));
for (const { name } of [restante.peer, postfix.peer]) {
  console.log(
    `median of ${name}: ${of(name, 'rate').toFixed(0)} messages/s, ${of(name, 'cpuMs').toFixed(2)} ms CPU a message`,
  );
}
const ratio = (key: 'rate' | 'cpuMs'): string => (of(restante.peer.name, key) / of(postfix.peer.name, key)).toFixed(2);
console.log(`Restante to Postfix: ${ratio('rate')} times the rate, ${ratio('cpuMs')} times the CPU`);
await restante.stop();
await postfix.stop();
await rm(directory, { recursive: true, force: true });

async function signedMessage(): Promise<Buffer> {
  const text = makeMessage(1, 3_400)
    .toString('latin1')
    .replace(/^From: .*$/m, 'From: Ada <ada@sender.example>');
  const content = (async function* () {
    yield Buffer.from(text, 'latin1');
  })();
  const signature = await dkimSign(
    content,
    async () => [{ domain: 'sender.example', selector: 'k', key: privateKey }],
    Date.now(),
  );
  return Buffer.from(signature + text, 'latin1');
}

async function runRound(peer: Peer, names: readonly string[]): Promise<{ rate: number; cpuMs: number }> {
  const cpuBefore = peer.cpuMs();
  const startedAt = performance.now();
  const options = [
    '-s',
    '1',
    '-m',
    String(perAccount),
    '-F',
    file,
    '-f',
    'ada@sender.example',
    '-M',
    'client.sender.example',
  ];
  await Promise.all(
    names.map(async (name) => {
      const args = [...options, '-d', '-t', `${name}@${peer.domain}`, `${peer.address}:25`];
      const { code, stderr } = await client!.run('/usr/sbin/smtp-source', args);
      if (code !== 0) throw new Error(`smtp-source: ${stderr}`);
    }),
  );
  await peer.settled(names);
  const seconds = (performance.now() - startedAt) / 1000;
  const messages = names.length * perAccount;
  return { rate: messages / seconds, cpuMs: (peer.cpuMs() - cpuBefore) / messages };
}

async function startRestante(host: Host): Promise<{ peer: Peer; stop: () => Promise<void> }> {
  const authority = testCertificate({ name: 'Bench', isAuthority: true });
  const site = await startSite({ host, domains: { 'a.example': '' }, authority, accounts });
  await trainFilters(site);
  const peer: Peer = {
    name: 'Restante',
    address: host.address,
    domain: 'a.example',
    cpuMs: () => treeCpuMs(site.pid()),
    // It has stored what it has replied 250 to.
    settled: async () => {},
  };
  return {
    peer,
    async stop() {
      const [name = ''] = accounts;
      await site.command(['setaccountpassword', name], 'secret\n');
      const message = await awaitAny({ ...site.reader, user: `${name}@a.example` });
      console.log(`Restante said:\n${fields(message, /^(?:X-Restante-Reason|Authentication-Results): /)}`);
      await site[Symbol.asyncDispose]();
    },
  };
}

/** A filter that has learned from 1,000 messages, for each account. */
async function trainFilters(site: Awaited<ReturnType<typeof startSite>>): Promise<void> {
  const made = join(directory, 'junk');
  await mkdir(join(made, 'accounts', 'made'), { recursive: true });
  {
    await using engine = createSqliteEngine({ log: silentLog, workers: 1 });
    await using filters = new JunkFilters({ engine, dataDirectory: made, log: silentLog });
    let contentId = 0;
    for (const { isJunk, text } of makeCorpus(1_000, 2026)) {
      const bytes = Buffer.from(text);
      const words = messageWords(bytes, parseStructure(bytes));
      await filters.learn('made', [{ contentId: ++contentId, isJunk, words }]);
    }
  }
  await site.restart(async (dataDirectory) => {
    for (const name of accounts) {
      await mkdir(join(dataDirectory, 'accounts', name), { recursive: true, mode: 0o700 });
      for (const kind of ['db', 'bloom']) {
        const from = join(made, 'accounts', 'made', `junkfilter.${kind}`);
        if (existsSync(from)) await copyFile(from, join(dataDirectory, 'accounts', name, `junkfilter.${kind}`));
      }
    }
  });
}

async function startOther(host: Host): Promise<{ peer: Peer; stop: () => Promise<void> }> {
  const dkim = join(directory, 'opendkim.conf');
  await writeFile(
    dkim,
    'Syslog no\nUserID root\nSocket inet:8891@127.0.0.1\nMode v\nNameservers 127.0.0.1\nInternalHosts 127.0.0.1\n',
  );
  const dmarc = join(directory, 'opendmarc.conf');
  await writeFile(
    dmarc,
    `Syslog false
UserID root
Socket inet:8893@127.0.0.1
AuthservID mx.p.example
TrustedAuthservIDs mx.p.example
SPFIgnoreResults true
SPFSelfValidate true
RejectFailures false
IgnoreAuthenticatedClients false
`,
  );
  const milters = [host.start('opendkim', ['-f', '-x', dkim]), host.start('opendmarc', ['-f', '-c', dmarc])];
  const postfix = await startPostfix({
    address: host.address,
    domain: 'p.example',
    mailboxes: accounts,
    transports: {},
    settings: `smtp_host_lookup = dns
smtp_dns_support_level = enabled
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_milters = inet:127.0.0.1:8891, inet:127.0.0.1:8893
milter_default_action = tempfail
`,
    async run(command, args, input) {
      const { code, stdout, stderr } = await host.run(command, args, input);
      if (code !== 0) throw new Error(`${command} ended with ${code}:\n${stdout}${stderr}`);
      return stdout;
    },
  });
  const pids = [await postfix.pid(), ...milters.map(({ pid }) => pid)];
  const counted = new Map<string, number>();
  const peer: Peer = {
    name: 'Postfix with OpenDKIM and OpenDMARC',
    address: host.address,
    domain: 'p.example',
    cpuMs: () => pids.reduce((sum, pid) => sum + treeCpuMs(pid), 0),
    async settled(names) {
      for (const name of names) {
        while ((await postfix.count(name)) < (counted.get(name) ?? 0) + perAccount) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        counted.set(name, (counted.get(name) ?? 0) + perAccount);
      }
    },
  };
  return {
    peer,
    async stop() {
      const [message] = await postfix.mail(accounts[0]!);
      console.log(`The milters said:\n${fields(message!, /^Authentication-Results: /)}`);
      await postfix[Symbol.asyncDispose]();
    },
  };
}

async function awaitAny(reader: Reader): Promise<Buffer> {
  await using imap = await openImap(reader);
  const { exists } = await imap.mailboxOpen('INBOX', { readOnly: true });
  if (exists !== perAccount) throw new Error(`${reader.user} has ${exists} messages instead of ${perAccount}`);
  const message = await imap.fetchOne('1', { source: true });
  if (message === false || message.source === undefined) throw new Error(`${reader.user} has no message`);
  return message.source;
}

/** Header fields, unfolded. */
function fields(message: Buffer, names: RegExp): string {
  const lines = message
    .toString('latin1')
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/);
  return lines.filter((line) => names.test(line)).join('\n');
}
