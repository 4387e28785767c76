import type { TLSSocket } from 'node:tls';
import { offersChannelBinding } from './channel-bindings.ts';
import { clientKeyFingerprint } from './client-key.ts';

const withoutBinding = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'];
const withBinding = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'];

/**
 * Names of the mechanisms to offer on a connection, strongest first; none without TLS unless that is allowed.
 * EXTERNAL is offered to clients that have given a certificate (RFC 4422 appendix A), whether or not its key is known.
 * -PLUS is offered exactly where `createMechanism` takes the client's `y` for a downgrade.
 */
export function availableMechanisms(context: {
  tls: TLSSocket | undefined;
  allowPlaintext: boolean;
}): readonly string[] {
  if (context.tls === undefined) return context.allowPlaintext ? withoutBinding : [];
  const mechanisms = offersChannelBinding(context.tls) ? withBinding : withoutBinding;
  return clientKeyFingerprint(context.tls) === undefined ? mechanisms : ['EXTERNAL', ...mechanisms];
}
