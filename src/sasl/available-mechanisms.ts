import type { TLSSocket } from 'node:tls';
import { offersChannelBinding } from './channel-bindings.ts';

const withoutBinding = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'];
const withBinding = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'];

/**
 * Names of the mechanisms to offer on a connection, strongest first; none without TLS unless that is allowed.
 * -PLUS is offered exactly where `createMechanism` takes the client's `y` for a downgrade.
 */
export function availableMechanisms(context: {
  tls: TLSSocket | undefined;
  allowPlaintext: boolean;
}): readonly string[] {
  if (context.tls === undefined) return context.allowPlaintext ? withoutBinding : [];
  return offersChannelBinding(context.tls) ? withBinding : withoutBinding;
}
