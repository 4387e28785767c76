import { timingSafeEqual } from 'node:crypto';
import { AuthenticationError } from './authentication-error.ts';
import type { ChannelBindings } from './channel-bindings.ts';
import type { ClientCredentials, ClientMechanism } from './client-mechanism.ts';
import { saslprep } from './saslprep.ts';
import { digest, hmac, type ScramHash, saltedPassword, xor } from './scram-keys.ts';
import { encodeSaslname, parseServerFinal, parseServerFirst, type ServerFirst } from './scram-messages.ts';

/** SCRAM on the client's side. Source: RFC 5802 */
export class ScramClient implements ClientMechanism {
  readonly name: string;
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #gs2Header: string;
  readonly #bindingData: Buffer;
  readonly #bare: string;
  #serverSignature: Buffer | undefined;
  #verified = false;

  /**
   * @param options.plus to bind the login to the connection
   * @param options.bindings of this connection, undefined when it has none
   */
  constructor(options: {
    hash: ScramHash;
    plus: boolean;
    credentials: ClientCredentials;
    bindings: ChannelBindings | undefined;
    nonce: string;
  }) {
    const { hash, plus, credentials, bindings } = options;
    this.name = `SCRAM-SHA-${hash === 'sha1' ? '1' : '256'}${plus ? '-PLUS' : ''}`;
    const binding = plus ? bindings?.['tls-exporter'] : undefined;
    if (plus && !binding) throw new AuthenticationError('failed', `Cannot use ${this.name}: no channel binding`);
    this.#hash = hash;
    this.#password = prepare(credentials.password);
    this.#nonce = options.nonce;
    // RFC 5802 §6: `y` says that we could have bound, so that the server notices a removed offer.
    this.#gs2Header = `${plus ? 'p=tls-exporter' : bindings ? 'y' : 'n'},,`;
    this.#bindingData = binding ?? Buffer.alloc(0);
    this.#bare = `n=${encodeSaslname(prepare(credentials.login))},r=${this.#nonce}`;
  }

  initialResponse(): Buffer {
    return Buffer.from(this.#gs2Header + this.#bare);
  }

  async respond(challenge: Buffer): Promise<Buffer> {
    if (this.#verified) throw new AuthenticationError('malformed', `Cannot go on with ${this.name}: it is over`);
    if (this.#serverSignature) {
      this.#verify(this.#serverSignature, challenge);
      return Buffer.alloc(0);
    }
    const first = parseServerFirst(challenge);
    if (!first?.nonce.startsWith(this.#nonce) || first.nonce.length === this.#nonce.length)
      throw new AuthenticationError('malformed', `Cannot read ${this.name} challenge: it is no server-first-message`);
    return this.#prove(first, challenge.toString());
  }

  complete(): void {
    if (!this.#verified)
      throw new AuthenticationError('failed', `Cannot trust the server: it has not shown that it knows the password`);
  }

  async #prove(first: ServerFirst, serverFirst: string): Promise<Buffer> {
    const salted = await saltedPassword(this.#hash, this.#password, first.salt, first.iterations);
    const clientKey = hmac(this.#hash, salted, 'Client Key');
    const binding = Buffer.concat([Buffer.from(this.#gs2Header), this.#bindingData]).toString('base64');
    const withoutProof = `c=${binding},r=${first.nonce}`;
    const signed = `${this.#bare},${serverFirst},${withoutProof}`;
    const proof = xor(clientKey, hmac(this.#hash, digest(this.#hash, clientKey), signed));
    this.#serverSignature = hmac(this.#hash, hmac(this.#hash, salted, 'Server Key'), signed);
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  #verify(expected: Buffer, serverFinal: Buffer): void {
    const signature = parseServerFinal(serverFinal);
    if (signature?.length !== expected.length || !timingSafeEqual(signature, expected))
      throw new AuthenticationError('failed', `Cannot trust the server: its ${this.name} signature is wrong`);
    this.#verified = true;
  }
}

function prepare(text: string): string {
  const prepared = saslprep(text);
  if (!prepared) throw new AuthenticationError('failed', 'Cannot log in: login or password is empty or not allowed');
  return prepared;
}
