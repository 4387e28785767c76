import { timingSafeEqual } from 'node:crypto';
import { AuthenticationError } from './authentication-error.ts';
import type { ChannelBindingName, ChannelBindings } from './channel-bindings.ts';
import type { CredentialSource, ScramKeys, ScramSecrets } from './credential-source.ts';
import { saslprep } from './saslprep.ts';
import { digest, hmac, type ScramHash, scramKeyBytes, xor } from './scram-keys.ts';
import { type ClientFirst, formatServerFirst, parseClientFinal, parseClientFirst } from './scram-messages.ts';
import { scramIterations, scramSaltBytes } from './scram-secret.ts';
import {
  type AuthenticatedIdentity,
  emptyChallenge,
  type MechanismStep,
  type ServerMechanism,
} from './server-mechanism.ts';
import { checkAuthorizationId } from './verify-plain-password.ts';

interface Exchange {
  first: ClientFirst;
  login: string;
  nonce: string;
  serverFirst: string;
  keys: readonly ScramKeys[];
  /** Undefined for an unknown login, for which the exchange goes on to its end with a decoy. */
  account: string | undefined;
  binding: Buffer;
}

/** SCRAM-SHA-1, SCRAM-SHA-256 and their -PLUS variants. Source: RFC 5802, RFC 7677 */
export class ScramServer implements ServerMechanism {
  readonly name: string;
  readonly #hash: ScramHash;
  readonly #plus: boolean;
  readonly #credentials: CredentialSource;
  readonly #bindings: ChannelBindings | undefined;
  readonly #makeNonce: () => string;
  readonly #admits: ((login: string) => Promise<boolean>) | undefined;
  #exchange: Exchange | undefined;
  #identity: AuthenticatedIdentity | undefined;

  /** @param options.bindings of this connection, when -PLUS is offered on it; undefined when it isn't
   * @param options.makeNonce printable ASCII without comma, random
   * @param options.admits see {@link createMechanism} */
  constructor(options: {
    hash: ScramHash;
    plus: boolean;
    credentials: CredentialSource;
    bindings: ChannelBindings | undefined;
    makeNonce: () => string;
    admits?: ((login: string) => Promise<boolean>) | undefined;
  }) {
    this.name = `SCRAM-SHA-${options.hash === 'sha1' ? '1' : '256'}${options.plus ? '-PLUS' : ''}`;
    this.#hash = options.hash;
    this.#plus = options.plus;
    this.#credentials = options.credentials;
    this.#bindings = options.bindings;
    this.#makeNonce = options.makeNonce;
    this.#admits = options.admits;
  }

  async next(response: Buffer | undefined): Promise<MechanismStep> {
    if (response === undefined) return { challenge: emptyChallenge };
    if (this.#identity) return this.#finish(this.#identity, response);
    if (this.#exchange) return { challenge: await this.#checkFinal(this.#exchange, response) };
    return { challenge: await this.#start(response) };
  }

  async #start(message: Buffer): Promise<Buffer> {
    const first = parseClientFirst(message);
    if (!first)
      throw new AuthenticationError('malformed', `Cannot read ${this.name} message: it is no client-first-message`);
    const login = saslprep(first.username) ?? '';
    const binding = this.#bindingInput(first);
    const found = login === '' ? undefined : await this.#credentials.scramSecrets(login, this.#hash);
    const { salt, iterations, keys } = found ?? this.#decoy(login);
    const nonce = first.nonce + this.#makeNonce();
    const serverFirst = formatServerFirst({ nonce, salt, iterations });
    this.#exchange = { first, login, nonce, serverFirst, keys, account: found?.account, binding };
    return Buffer.from(serverFirst);
  }

  /** What the client must repeat base64-encoded as `c=`: RFC 5802 §7, cbind-input. */
  #bindingInput(first: ClientFirst): Buffer {
    const header = Buffer.from(first.gs2Header);
    if (!this.#plus && first.bindingFlag === 'p') throw this.#failed(first, 'channel binding in a mechanism without');
    if (this.#plus && first.bindingFlag !== 'p') throw this.#failed(first, 'no channel binding in a -PLUS mechanism');
    // RFC 5802 §6: the client can bind but wasn't told that we can: somebody between removed the -PLUS mechanisms.
    if (first.bindingFlag === 'y' && this.#bindings) throw this.#failed(first, 'the offer of -PLUS was removed');
    if (!this.#plus) return header;
    const name = first.bindingName as ChannelBindingName;
    const data = this.#bindings && Object.hasOwn(this.#bindings, name) ? this.#bindings[name] : undefined;
    if (!data) throw this.#failed(first, `channel binding "${name}" is not supported on this connection`);
    return Buffer.concat([header, data]);
  }

  // The same salt at each attempt and in each spelling, so that it doesn't tell known logins from unknown ones.
  #decoy(given: string): Omit<ScramSecrets, 'account'> {
    const key = this.#credentials.decoyKey;
    const login = this.#credentials.comparableLogin?.(given) ?? given;
    const derived = hmac('sha256', key, `${this.#hash} salt ${login}`);
    const none = hmac('sha256', key, `${this.#hash} key ${login}`).subarray(0, scramKeyBytes[this.#hash]);
    return {
      salt: derived.subarray(0, scramSaltBytes),
      iterations: scramIterations,
      keys: [{ storedKey: none, serverKey: none }],
    };
  }

  async #checkFinal(exchange: Exchange, message: Buffer): Promise<Buffer> {
    const { first, login, keys } = exchange;
    const final = parseClientFinal(message);
    if (!final)
      throw new AuthenticationError('malformed', `Cannot read ${this.name} message: it is no client-final-message`, {
        login,
      });
    if (final.nonce !== exchange.nonce) throw this.#failed(first, 'the nonce is another one');
    if (!equal(final.binding, exchange.binding)) throw this.#failed(first, 'the channel binding differs');
    const signed = `${first.bare},${exchange.serverFirst},${final.withoutProof}`;
    // Whether or not the proof is right: how long it takes must not tell.
    const admitted = (await this.#admits?.(login)) ?? true;
    // All of them, whichever is the right one: how long it takes must not tell.
    const right = keys.filter(({ storedKey }) => this.#proves(final.proof, storedKey, signed))[0];
    if (right === undefined || exchange.account === undefined) {
      throw this.#failed(first, 'unknown login or wrong password');
    }
    const { credential } = right;
    if (credential === undefined && !admitted) throw this.#failed(first, 'too many have tried its password');
    const identity = { account: exchange.account, login, ...(credential === undefined ? {} : { credential }) };
    checkAuthorizationId(first.authorizationId, first.username, identity);
    this.#identity = identity;
    return Buffer.from(`v=${hmac(this.#hash, right.serverKey, signed).toString('base64')}`);
  }

  /** RFC 5802 §3: whoever knows ClientKey knows the password. */
  #proves(proof: Buffer, storedKey: Buffer, signed: string): boolean {
    const clientSignature = hmac(this.#hash, storedKey, signed);
    return (
      proof.length === clientSignature.length &&
      timingSafeEqual(digest(this.#hash, xor(proof, clientSignature)), storedKey)
    );
  }

  async #finish(identity: AuthenticatedIdentity, response: Buffer): Promise<MechanismStep> {
    if (response.length > 0)
      throw new AuthenticationError('malformed', `Cannot end ${this.name}: the last response is not empty`, {
        login: identity.login,
      });
    if (identity.credential !== undefined) await this.#credentials.used?.(identity.account, identity.credential);
    return { success: identity };
  }

  #failed(first: ClientFirst, detail: string): AuthenticationError {
    // As it is looked up: failures in other spellings count for the same login.
    const login = saslprep(first.username) || first.username;
    return new AuthenticationError('failed', `Cannot log in "${login}" by ${this.name}: ${detail}`, { login });
  }
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
