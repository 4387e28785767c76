import { freePorts } from './free-ports.ts';
import { SmtpTestClient } from './smtp-test-client.ts';

/** Settings of a test server, with an SMTP port at which clients say by PROXY protocol whom they are. */
export async function proxiedSmtp(): Promise<{ port: number; settings: string }> {
  const [port = 0] = await freePorts(1);
  const settings = `  proxied:
    addresses: [127.0.0.1]
    proxyProtocolFrom: [127.0.0.1]
    tls: { selfSigned: true }
    smtp: { port: ${port} }
`;
  return { port, settings };
}

/** Sends a message as a client of some address would. @returns the reply to its content */
export async function sendFrom(
  port: number,
  ip: string,
  sender: string,
  message: string,
  recipients: readonly string[] = ['me@example.org'],
): Promise<string> {
  using client = await SmtpTestClient.connect(port);
  client.send(`PROXY TCP4 ${ip} 127.0.0.1 1000 25\r\n`);
  const commands = [
    'EHLO mx.example.net',
    `MAIL FROM:<${sender}>`,
    ...recipients.map((to) => `RCPT TO:<${to}>`),
    'DATA',
  ];
  for (const line of commands) {
    await client.reply();
    client.send(`${line}\r\n`);
  }
  const reply = await client.reply();
  if (!reply.startsWith('354')) throw new Error(`The server replied "${reply}" to DATA`);
  client.send(`${message}.\r\n`);
  return await client.reply();
}
