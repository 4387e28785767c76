import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../runtime/log.ts';
import { WireReader } from '../runtime/wire-reader.ts';
import { createMechanism } from '../sasl/create-mechanism.ts';
import type { CredentialSource } from '../sasl/credential-source.ts';
import { deriveScramSecret } from '../sasl/scram-secret.ts';
import { connectSmtp } from './connect-smtp.ts';

const secret = await deriveScramSecret('sha256', 'pencil', Buffer.alloc(16, 5), 4096);
const credentials: CredentialSource = {
  verifyPassword: async () => undefined,
  scramSecrets: async () => ({ account: 'me', ...secret, keys: [secret] }),
  decoyKey: Buffer.alloc(32),
};

/** A server that offers SCRAM-SHA-256. @param trust what it does with the client's proof */
async function serve(socket: Socket, trust: 'checks' | 'skips the proof' | 'asks for ever'): Promise<void> {
  socket.on('error', () => {});
  const reader = new WireReader(socket);
  const line = async () => (await reader.readLine(10_000, 2_000)).toString().trimEnd();
  socket.write('220 mx.test\r\n');
  await line();
  socket.write('250-mx.test\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n');
  const [, name, initial] = (await line()).split(' ');
  const mechanism = createMechanism(name ?? '', { credentials, tls: undefined });
  let step = await mechanism!.next(Buffer.from(initial ?? '', 'base64'));
  while ('challenge' in step) {
    socket.write(`334 ${step.challenge.toString('base64')}\r\n`);
    const response = Buffer.from(await line(), 'base64');
    if (trust === 'skips the proof') break;
    if (trust === 'checks') step = await mechanism!.next(response);
  }
  socket.write('235 2.7.0 welcome\r\n');
}

async function logIn(password: string, trust: Parameters<typeof serve>[1] = 'checks'): Promise<void> {
  const server = createServer((socket) => {
    serve(socket, trust).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const session = await connectSmtp(
      { host: 'mx.test', address: '127.0.0.1', port, tls: 'none', credentials: { login: 'me', password } },
      { helloName: 'me.test', log: silentLog, timeouts: { quit: 20 } },
    );
    await session.close();
  } finally {
    server.close();
  }
}

describe('authenticate', () => {
  it('logs in by SCRAM, also in the clear', async () => {
    await logIn('pencil');
    await expect(logIn('wrong')).rejects.toMatchObject({ code: 'smtp-session-failed' });
  });

  it('trusts no server that lets it in without knowing the password, or asks for ever', async () => {
    for (const trust of ['skips the proof', 'asks for ever'] as const)
      await expect(logIn('pencil', trust)).rejects.toMatchObject({ reply: { code: 454, enhanced: '4.7.8' } });
  });
});
