import { TLSSocket } from 'node:tls';
import { AuthenticationError } from '../sasl/authentication-error.ts';
import type { ClientMechanism } from '../sasl/client-mechanism.ts';
import { createClientMechanism } from '../sasl/create-client-mechanism.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Channel } from './channel.ts';
import { SmtpSessionError } from './session-error.ts';

/** SCRAM has three challenges; a peer that goes on asking is stopped. */
const maxChallenges = 8;

/**
 * Logs in with the best mechanism offered.
 * @throws SmtpSessionError, always temporary: a wrong password is ours to mend, and the mail waits for it
 * Source: RFC 4954 §4
 */
export async function authenticate(
  channel: Channel,
  offered: readonly string[],
  credentials: { login: string; password: string },
  timeoutMs: number,
): Promise<void> {
  const { socket } = channel;
  try {
    const tls = socket instanceof TLSSocket ? socket : undefined;
    const mechanism = createClientMechanism(offered, { credentials, tls });
    if (!mechanism) throw new AuthenticationError('failed', 'Cannot log in: the server offers no usable mechanism');
    const reply = await converse(channel, mechanism, timeoutMs);
    if (reply.code !== 235)
      throw new AuthenticationError('failed', `Cannot log in: the server answered ${reply.code} ${reply.lines[0]}`);
    mechanism.complete();
  } catch (error) {
    channel.destroy();
    if (!(error instanceof AuthenticationError)) throw error;
    throw new SmtpSessionError(
      { code: 454, enhanced: '4.7.8', text: error.message },
      { context: { host: channel.host }, cause: error },
    );
  }
}

async function converse(channel: Channel, mechanism: ClientMechanism, timeoutMs: number): Promise<Reply> {
  const initial = mechanism.initialResponse();
  // RFC 4954 §4: an empty initial response is "=".
  const argument = initial === undefined ? '' : ` ${initial.toString('base64') || '='}`;
  let reply = await exchange(channel, `AUTH ${mechanism.name}${argument}`, timeoutMs);
  for (let challenges = 0; reply.code === 334; challenges++) {
    if (challenges === maxChallenges) throw new AuthenticationError('malformed', 'Cannot log in: endless challenges');
    const response = await mechanism.respond(Buffer.from(reply.lines[0] ?? '', 'base64'));
    reply = await exchange(channel, response.toString('base64'), timeoutMs);
  }
  return reply;
}

// Not by `command`, which logs what it sends.
function exchange(channel: Channel, line: string, timeoutMs: number): Promise<Reply> {
  channel.write(`${line}\r\n`);
  return channel.reply(timeoutMs);
}
