import { argonAccount } from '../peers/dovecot.ts';
import type { MailPeer } from '../peers/mail-peer.ts';
import { RawImap } from '../raw-imap.ts';
import type { BenchOptions } from './bench-options.ts';
import { openSession } from './log-in.ts';
import { printTitle } from './results.ts';
import { measure, startSides } from './sides.ts';

const atOnce = 20;

const kinds: readonly {
  readonly name: string;
  readonly logins: number;
  open(peer: MailPeer): Promise<RawImap>;
}[] = [
  {
    name: 'Login, LOGIN with argon2id',
    logins: 40,
    async open(peer) {
      const client = await RawImap.connect(peer.imap!.port);
      await client.command(`LOGIN ${argonAccount}@example.org ${peer.imap!.password}`);
      return client;
    },
  },
  { name: 'Login, SCRAM-SHA-256', logins: 300, open: (peer) => openSession(peer, 'bench') },
  { name: 'Login, SCRAM-SHA-256 over TLS', logins: 300, open: (peer) => openSession(peer, 'bench', { tls: true }) },
];

/** Connections from the first byte to the answer to LOGOUT, 20 at the same time, with the same hashes on both sides. */
export async function measureLogins(options: BenchOptions): Promise<void> {
  const lines = kinds.filter(({ name }) => options.wants(name));
  if (lines.length === 0) return;
  printTitle(`Logins, ${atOnce} at a time`);
  await using started = await startSides(['bench', argonAccount], options);
  for (const { name, logins, open } of lines) {
    await measure({ name, unit: 'ms a login' }, started.sides, options.rounds, async ({ peer }) => {
      const startedAt = performance.now();
      let next = 0;
      const work = async (): Promise<void> => {
        while (next++ < logins) {
          const client = await open(peer);
          await client.command('LOGOUT');
          client.close();
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      return (performance.now() - startedAt) / logins;
    });
  }
}
