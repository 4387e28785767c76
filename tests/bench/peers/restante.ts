import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { choosePorts, makeTestConfig, startTestServer } from '../../harness/start-test-server.ts';
import { RawImap } from '../raw-imap.ts';
import type { MailPeer } from './mail-peer.ts';

/**
 * Restante as a user starts it, with limits on connections from one address lifted.
 * @param profileDirectory where each of its threads leaves a .cpuprofile at its end
 * @param directory where its data are, or will be: a temporary one, removed at the end, unless given
 */
export async function startRestante(
  accounts: readonly string[],
  profileDirectory?: string,
  directory?: string,
): Promise<MailPeer> {
  const nodeOptions = process.env.NODE_OPTIONS;
  if (profileDirectory !== undefined) {
    process.env.NODE_OPTIONS = `${nodeOptions ?? ''} --cpu-prof --cpu-prof-dir=${profileDirectory}`;
  }
  const options = {
    accounts,
    ports: await choosePorts(),
    settings: 'limits: { openConnections: 20000, connectionsPerMinute: 100000 }',
  };
  // Those of an earlier run had other ports.
  if (directory !== undefined && existsSync(join(directory, 'config'))) await makeTestConfig({ ...options, directory });
  const server = await startTestServer({ ...options, ...(directory !== undefined && { directory }) });
  if (nodeOptions === undefined) delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = nodeOptions;
  return {
    name: 'Restante',
    pid: server.pid,
    imap: { port: server.ports.imap, tlsPort: server.ports.imaps, password: 'secret' },
    smtp: { port: server.ports.smtp, recipients: accounts.map((account) => `${account}@example.org`) },
    metricsPort: server.ports.metrics,
    async storedMessages() {
      let count = 0;
      for (const account of accounts) {
        const client = await RawImap.connect(server.ports.imap);
        await client.command(`LOGIN ${account}@example.org secret`);
        count += Number(/MESSAGES (\d+)/.exec(await client.text('STATUS INBOX (MESSAGES)'))?.[1] ?? 0);
        client.close();
      }
      return count;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
