import { AuthenticationError } from '../../sasl/authentication-error.ts';
import { availableMechanisms } from '../../sasl/available-mechanisms.ts';
import { createMechanism } from '../../sasl/create-mechanism.ts';
import type { AuthenticatedIdentity, ServerMechanism } from '../../sasl/server-mechanism.ts';
import type { Command } from '../command.ts';
import { withoutLineEnd } from '../command-input.ts';
import { logIn } from '../log-in.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const initialForm = /(?:[A-Za-z0-9+/]+={0,2}|=)/y;
/** Challenges of one attempt; SCRAM takes two. */
const maxSteps = 10;

/** Source: RFC 9051 §6.2.2 */
export const authenticate: Command = {
  when: 'before-login',
  tellsExpunges: false,
  async run(session, args) {
    args.space();
    const name = args.word();
    let initial: Buffer | undefined;
    if (args.takeIf(' ')) {
      const text = args.match(initialForm) ?? args.fail('Initial response expected');
      // RFC 4959 §3: `=` is an initial response without content.
      initial = text === '=' ? Buffer.alloc(0) : decodeBase64(text);
      if (initial === undefined) args.fail('Initial response is not base64');
    }
    args.end();
    const { server, tls } = session;
    const offered = availableMechanisms({ tls, allowPlaintext: server.allowPlaintextAuth });
    if (!offered.includes(name)) {
      const needsTls = offered.length === 0 && tls === undefined;
      throw needsTls
        ? new RefusedError('NO', 'PRIVACYREQUIRED', 'Login is possible under TLS only')
        : new RefusedError('NO', 'CANNOT', 'That mechanism is not offered');
    }
    const mechanism = createMechanism(name, {
      credentials: server.credentials,
      tls,
      admits: (login) => server.loginGuard.admits(session.remoteAddress, login),
    });
    if (mechanism === undefined) throw new RefusedError('NO', 'CANNOT', 'That mechanism is not offered');
    return logIn(session, name, () => converse(session, mechanism, initial));
  },
};

async function converse(
  session: Session,
  mechanism: ServerMechanism,
  initial: Buffer | undefined,
): Promise<AuthenticatedIdentity> {
  let response = initial;
  for (let step = 0; step < maxSteps; step++) {
    const next = await mechanism.next(response);
    if ('success' in next) return next.success;
    session.out.write(`+ ${next.challenge.toString('base64')}\r\n`);
    await session.out.flush();
    const { imapCommandBytesBeforeLogin, imapIdleBeforeLoginMs } = session.server.limits;
    const line = withoutLineEnd(await session.input.nextLine(imapCommandBytesBeforeLogin, imapIdleBeforeLoginMs));
    if (line === '*') throw new AuthenticationError('aborted', `Cannot log in by ${mechanism.name}: given up`);
    response = decodeBase64(line);
    if (response === undefined) {
      throw new AuthenticationError('malformed', `Cannot log in by ${mechanism.name}: the response is not base64`);
    }
  }
  throw new AuthenticationError('malformed', `Cannot log in by ${mechanism.name}: too many steps`);
}

function decodeBase64(text: string): Buffer | undefined {
  return base64Form.test(text) ? Buffer.from(text, 'base64') : undefined;
}
