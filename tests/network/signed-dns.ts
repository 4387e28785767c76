import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../peers/eventually.ts';
import type { Host, StartedProgram } from './network.ts';

/** Lines of a zone file, names ending with a dot; TTLs are a second, so that changes are seen at once. */
export type Records = readonly string[];

/**
 * BIND with a root zone of our own, signed, and one zone below it that is not signed: `insecure.example`. Other hosts have unbound,
 * which validates from that root's key.
 */
export interface SignedDns extends AsyncDisposable {
  /** Replaces all records of the signed zone and of the other one. */
  publish(signed: Records, insecure: Records): Promise<void>;
  /** Starts a validating resolver at 127.0.0.1 of a host. */
  startResolver(host: Host): Promise<void>;
}

export async function startSignedDns(host: Host): Promise<SignedDns> {
  const root = await mkdtemp(join(tmpdir(), 'restante-bind-'));
  await chmod(root, 0o755);
  const inRoot = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  inRoot('dnssec-keygen', '-q', '-a', 'ECDSAP256SHA256', '-f', 'KSK', '-n', 'ZONE', '.');
  const [keyFile] = (await readdir(root)).filter((name) => name.endsWith('.key'));
  await writeFile(
    join(root, 'named.conf'),
    `options { directory "${root}"; pid-file none; session-keyfile none; listen-on { ${host.address}; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; allow-transfer { none; }; };
controls { };
zone "." { type primary; file "root.signed"; };
zone "insecure.example" { type primary; file "insecure"; };
`,
  );
  let serial = 1;
  let named: StartedProgram | undefined;
  return {
    async publish(signed, insecure) {
      const soa = `@ 1 IN SOA ns.example. root.example. ${++serial} 3600 600 86400 1`;
      const glue = `ns.example. 1 IN A ${host.address}`;
      const delegation = 'insecure.example. 1 IN NS ns.example.';
      await writeFile(
        join(root, 'root'),
        ['$TTL 1', soa, '. 1 IN NS ns.example.', glue, delegation, ...signed, ''].join('\n'),
      );
      await writeFile(join(root, 'insecure'), ['$TTL 1', soa, '@ 1 IN NS ns.example.', ...insecure, ''].join('\n'));
      inRoot('dnssec-signzone', '-S', '-z', '-P', '-q', '-o', '.', '-f', 'root.signed', 'root');
      await named?.stop();
      named = host.start('named', ['-g', '-c', join(root, 'named.conf')]);
      await eventually('BIND answers', async () => {
        const { stdout } = await host.run('dig', ['+short', '+time=1', '+tries=1', `@${host.address}`, '.', 'SOA']);
        return stdout.includes(`root.example. ${serial} `) || undefined;
      });
      // Until nobody remembers what was there before: unbound and Restante keep it for a second each.
      await new Promise((resolve) => setTimeout(resolve, serial === 2 ? 0 : 2_500));
    },
    async startResolver(at) {
      const directory = join(root, `unbound-${at.name}`);
      await mkdir(directory);
      const key = (await readFile(join(root, keyFile!), 'utf8')).split('\n').filter((line) => !line.startsWith(';'));
      await writeFile(join(directory, 'root.key'), key.join('\n'));
      await writeFile(
        join(directory, 'unbound.conf'),
        `server:
  interface: 127.0.0.1
  username: ""
  chroot: ""
  directory: "${directory}"
  pidfile: "${directory}/pid"
  use-syslog: no
  do-ip6: no
  access-control: 127.0.0.0/8 allow
  trust-anchor-file: "root.key"
  module-config: "validator iterator"
  cache-max-ttl: 1
  cache-max-negative-ttl: 1
  infra-host-ttl: 1
  local-zone: "2.0.192.in-addr.arpa." nodefault
  unblock-lan-zones: yes
  qname-minimisation: no
stub-zone:
  name: "."
  stub-addr: ${host.address}
remote-control:
  control-enable: no
`,
      );
      at.start('unbound', ['-d', '-c', join(directory, 'unbound.conf')]);
      await eventually('unbound validates', async () => {
        const { stdout } = await at.run('dig', ['+dnssec', '+time=1', '+tries=1', '@127.0.0.1', '.', 'SOA']);
        return / ad[; ]/.test(stdout) || undefined;
      });
    },
    async [Symbol.asyncDispose]() {
      await named?.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
