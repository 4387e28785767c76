import type { TLSSocket } from 'node:tls';
import { AuthenticationError } from './authentication-error.ts';
import { channelBindingsOf } from './channel-bindings.ts';
import type { ClientCredentials, ClientMechanism } from './client-mechanism.ts';
import { ScramClient } from './scram-client.ts';
import { makeScramNonce } from './scram-messages.ts';

/**
 * Chooses the strongest mechanism that the server offers. PLAIN and LOGIN only under TLS.
 * @param offered names as the server gave them
 * @returns undefined when none can be used
 */
export function createClientMechanism(
  offered: readonly string[],
  options: { credentials: ClientCredentials; tls: TLSSocket | undefined },
): ClientMechanism | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const { credentials, tls } = options;
  const bindings = tls && channelBindingsOf(tls, 'peer');
  for (const hash of ['sha256', 'sha1'] as const) {
    const name = hash === 'sha1' ? 'SCRAM-SHA-1' : 'SCRAM-SHA-256';
    const plus = bindings !== undefined && names.has(`${name}-PLUS`);
    if (plus || names.has(name)) return new ScramClient({ hash, plus, credentials, bindings, nonce: makeScramNonce() });
  }
  if (tls && names.has('PLAIN')) return new PlainClient(credentials);
  if (tls && names.has('LOGIN')) return new LoginClient(credentials);
  return undefined;
}

/** RFC 4616. */
class PlainClient implements ClientMechanism {
  readonly name = 'PLAIN';
  readonly #credentials: ClientCredentials;

  constructor(credentials: ClientCredentials) {
    this.#credentials = credentials;
  }

  initialResponse(): Buffer {
    return Buffer.from(`\0${this.#credentials.login}\0${this.#credentials.password}`);
  }

  respond(): Promise<Buffer> {
    throw new AuthenticationError('malformed', 'Cannot answer PLAIN challenge: the mechanism has none');
  }

  complete(): void {}
}

/** Answers whatever the two prompts say: servers differ in the words. */
class LoginClient implements ClientMechanism {
  readonly name = 'LOGIN';
  readonly #answers: string[];

  constructor(credentials: ClientCredentials) {
    this.#answers = [credentials.login, credentials.password];
  }

  initialResponse(): undefined {
    return undefined;
  }

  async respond(): Promise<Buffer> {
    const answer = this.#answers.shift();
    if (answer === undefined) throw new AuthenticationError('malformed', 'Cannot answer LOGIN challenge: a third one');
    return Buffer.from(answer);
  }

  complete(): void {}
}
