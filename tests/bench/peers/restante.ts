import { startTestServer } from '../../harness/start-test-server.ts';
import { RawImap } from '../raw-imap.ts';
import type { MailPeer } from './mail-peer.ts';

/** Restante as a user starts it, with limits on connections from one address lifted. */
export async function startRestante(accounts: readonly string[]): Promise<MailPeer> {
  const server = await startTestServer({
    accounts,
    settings: 'limits: { openConnections: 20000, connectionsPerMinute: 100000 }',
  });
  return {
    name: 'Restante',
    pid: server.pid,
    imap: { port: server.ports.imap, login: `${accounts[0]}@example.org`, password: 'secret' },
    smtp: { port: server.ports.smtp, recipients: accounts.map((account) => `${account}@example.org`) },
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
