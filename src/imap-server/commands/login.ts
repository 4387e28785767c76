import { decodeUtf8 } from '../../imap/byte-text.ts';
import { availableMechanisms } from '../../sasl/available-mechanisms.ts';
import { verifyPlainPassword } from '../../sasl/verify-plain-password.ts';
import type { Command } from '../command.ts';
import { logIn } from '../log-in.ts';
import { RefusedError } from '../reply.ts';

/** Source: RFC 9051 §6.2.3 */
export const login: Command = {
  when: 'before-login',
  tellsExpunges: false,
  async run(session, args) {
    args.space();
    const loginBytes = args.astring();
    args.space();
    const passwordBytes = args.astring();
    args.end();
    const { server } = session;
    if (availableMechanisms({ tls: session.tls, allowPlaintext: server.allowPlaintextAuth }).length === 0) {
      throw new RefusedError('NO', 'PRIVACYREQUIRED', 'Passwords are taken under TLS only');
    }
    const name = decodeUtf8(loginBytes) ?? args.fail('Login is not valid UTF-8');
    const password = decodeUtf8(passwordBytes) ?? args.fail('Password is not valid UTF-8');
    return logIn(session, 'LOGIN command', () => verifyPlainPassword(server.credentials, name, password));
  },
};
