import type { TLSSocket } from 'node:tls';
import { AuthenticationError } from './authentication-error.ts';
import { channelBindingsOf } from './channel-bindings.ts';
import type { CredentialSource } from './credential-source.ts';
import { ExternalServer } from './external-server.ts';
import { LoginServer } from './login-server.ts';
import { PlainServer } from './plain-server.ts';
import { makeScramNonce } from './scram-messages.ts';
import { ScramServer } from './scram-server.ts';
import type { MechanismStep, ServerMechanism } from './server-mechanism.ts';

interface MechanismOptions {
  credentials: CredentialSource;
  /** The connection's TLS, if any, for channel binding. */
  tls: TLSSocket | undefined;
  /**
   * Whether the client of a login may be told that it has the account's own password: for mechanisms that tell so before they are over.
   * Asked also when the password is wrong. What it refuses is `failed`.
   */
  admits?: (login: string) => Promise<boolean>;
}

const scramNames = /^SCRAM-SHA-(1|256)(-PLUS)?$/;

/**
 * Starts a login attempt. Whether the mechanism is offered on this connection is the caller's to check (`availableMechanisms`).
 * @param name in any case
 * @returns undefined when there is no such mechanism
 */
export function createMechanism(name: string, options: MechanismOptions): ServerMechanism | undefined {
  const mechanism = mechanismOf(name.toUpperCase(), options);
  return mechanism && new GuardedMechanism(mechanism);
}

function mechanismOf(name: string, options: MechanismOptions): ServerMechanism | undefined {
  if (name === 'PLAIN') return new PlainServer(options.credentials);
  if (name === 'LOGIN') return new LoginServer(options.credentials);
  if (name === 'EXTERNAL') return options.tls && new ExternalServer(options.credentials, options.tls);
  const scram = scramNames.exec(name);
  if (!scram) return undefined;
  return new ScramServer({
    hash: scram[1] === '1' ? 'sha1' : 'sha256',
    plus: scram[2] !== undefined,
    credentials: options.credentials,
    bindings: options.tls && channelBindingsOf(options.tls, 'local'),
    makeNonce: makeScramNonce,
    admits: options.admits,
  });
}

/** Ends the attempt at the first failure and turns failures of the credential source into temporary ones. */
class GuardedMechanism implements ServerMechanism {
  readonly #mechanism: ServerMechanism;
  #over = false;

  constructor(mechanism: ServerMechanism) {
    this.#mechanism = mechanism;
  }

  get name(): string {
    return this.#mechanism.name;
  }

  async next(response: Buffer | undefined): Promise<MechanismStep> {
    if (this.#over) throw new AuthenticationError('malformed', `Cannot go on with ${this.name}: the attempt is over`);
    try {
      const step = await this.#mechanism.next(response);
      this.#over = 'success' in step;
      return step;
    } catch (error) {
      this.#over = true;
      if (error instanceof AuthenticationError) throw error;
      throw new AuthenticationError('temporary', `Cannot log in by ${this.name}: credentials cannot be checked now`, {
        cause: error,
      });
    }
  }
}
