import { encodeUtf8 } from '../imap/byte-text.ts';
import { AuthenticationError } from '../sasl/authentication-error.ts';
import type { ClientMechanism } from '../sasl/client-mechanism.ts';
import { createClientMechanism } from '../sasl/create-client-mechanism.ts';
import { ImapLoginError, ImapRefusedError } from './imap-client-error.ts';
import type { ImapSession } from './imap-session.ts';
import { quotedString } from './quoted-string.ts';

export interface ImapCredentials {
  readonly login: string;
  /** The password, or an access token of OAuth 2. */
  readonly secret: string;
  /** `auto`: the best that the server offers for a password. */
  readonly mechanism: 'auto' | 'login' | 'plain' | 'oauthbearer' | 'xoauth2';
}

/** SCRAM has three challenges; a server that goes on asking is stopped. */
const maxChallenges = 8;

/**
 * Logs in. What goes over the wire is not logged.
 * @throws ImapLoginError; ImapRefusedError when the server says that it can't just now; ImapConnectionError
 * Source: RFC 9051 §6.2.2, §6.2.3, RFC 4959 (initial response)
 */
export async function logIn(session: ImapSession, credentials: ImapCredentials): Promise<void> {
  const before = session.capabilities;
  try {
    await tryLogIn(session, credentials);
  } catch (error) {
    session.destroy();
    if (error instanceof ImapRefusedError && !error.isTemporary) {
      throw new ImapLoginError(session.host, error.message.replace(/^[^:]*: /, ''), {
        hint: 'Check login and password. Some providers want an app password, or OAuth 2 (--auth xoauth2).',
        cause: error,
      });
    }
    if (error instanceof AuthenticationError) {
      throw new ImapLoginError(session.host, error.message, { cause: error });
    }
    throw error;
  }
  // RFC 9051 §6.1.1: others may be offered to who is logged in.
  if (session.capabilities === before) session.capabilities = new Set();
}

async function tryLogIn(session: ImapSession, credentials: ImapCredentials): Promise<void> {
  const mechanism = chooseMechanism(session, credentials);
  if (mechanism !== undefined) return await authenticate(session, mechanism);
  if (session.has('LOGINDISABLED')) {
    throw new ImapLoginError(session.host, 'it offers no way to log in that can be used here', {
      ...(session.tls === undefined ? { hint: 'Most servers want TLS first: --tls starttls.' } : {}),
    });
  }
  const [login, secret] = [credentials.login, credentials.secret].map((text) => quoted(session, text));
  await session.command(`LOGIN ${login} ${secret}`);
}

function chooseMechanism(session: ImapSession, credentials: ImapCredentials): ClientMechanism | undefined {
  const { login, secret, mechanism } = credentials;
  if (mechanism === 'login') return undefined;
  if (mechanism === 'oauthbearer' || mechanism === 'xoauth2') return new TokenClient(session, credentials);
  const offered = [...session.capabilities].flatMap((name) => (name.startsWith('AUTH=') ? [name.slice(5)] : []));
  const usable = mechanism === 'plain' ? ['PLAIN'] : offered;
  return createClientMechanism(usable, { credentials: { login, password: secret }, tls: session.tls });
}

async function authenticate(session: ImapSession, mechanism: ClientMechanism): Promise<void> {
  const initial = mechanism.initialResponse();
  let waiting = initial;
  const atOnce = initial !== undefined && session.has('SASL-IR');
  if (atOnce) waiting = undefined;
  let challenges = 0;
  // RFC 4959 §3: an empty initial response is "=".
  await session.command(`AUTHENTICATE ${mechanism.name}${atOnce ? ` ${initial.toString('base64') || '='}` : ''}`, {
    async onContinue(text) {
      if (challenges++ === maxChallenges)
        throw new AuthenticationError('malformed', 'Cannot log in: endless challenges');
      const response = waiting ?? (await mechanism.respond(Buffer.from(text, 'base64')));
      waiting = undefined;
      return response.toString('base64');
    },
  });
  mechanism.complete();
}

/** RFC 9051 §5.1: a quoted string has no line ends; 8-bit bytes are sent to servers that know UTF-8, and to those that may. */
function quoted(session: ImapSession, text: string): string {
  if (/[\r\n\0]/.test(text)) throw new ImapLoginError(session.host, 'login or password have control characters');
  return quotedString(encodeUtf8(text));
}

/** OAuth 2: RFC 7628, and the older form that Google and Microsoft take. */
class TokenClient implements ClientMechanism {
  readonly name: string;
  readonly #first: string;

  constructor(session: ImapSession, { login, secret, mechanism }: ImapCredentials) {
    if (session.tls === undefined) throw new ImapLoginError(session.host, 'tokens are sent over TLS only');
    if (/[\x01\r\n\0]/.test(login + secret)) {
      throw new ImapLoginError(session.host, 'login or token have control characters');
    }
    const isBearer = mechanism === 'oauthbearer';
    this.name = isBearer ? 'OAUTHBEARER' : 'XOAUTH2';
    // RFC 5801 §4: "=" and "," in the authorization identity are escaped.
    const identity = login.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#first = isBearer
      ? `n,a=${identity},\x01auth=Bearer ${secret}\x01\x01`
      : `user=${login}\x01auth=Bearer ${secret}\x01\x01`;
  }

  initialResponse(): Buffer {
    return Buffer.from(this.#first);
  }

  /** The server says why it refuses, and wants an answer before it does: RFC 7628 §3.2.3. */
  async respond(): Promise<Buffer> {
    return Buffer.from(this.name === 'OAUTHBEARER' ? '\x01' : '');
  }

  complete(): void {}
}
