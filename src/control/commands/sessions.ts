import { z } from 'zod';
import { RestanteError } from '../../runtime/errors.ts';
import type { SessionRecord } from '../../store/sessions/open-sessions.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const schema = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('list'),
    account: z.string().max(320).optional(),
    limit: z.int().min(1).max(10_000),
  }),
  z.strictObject({ do: z.literal('end'), id: z.int().min(1) }),
]);

export type SessionsAnswer = {
  list: { sessions: SessionRecord[]; total: number };
  end: object;
};

class NoSuchSessionError extends RestanteError {
  constructor(id: number) {
    super('no-such-session', `Cannot end session ${id}: it is not open`, {
      hint: '"restante config account sessions" shows those that are.',
    });
  }
}

/** Lists sessions that are logged in, or ends one. */
export function sessions(services: Pick<ControlServices, 'sessions' | 'domains'>) {
  return controlCommand(schema, async (given): Promise<SessionsAnswer[keyof SessionsAnswer]> => {
    if (given.do === 'end') {
      if (!services.sessions.end(given.id)) throw new NoSuchSessionError(given.id);
      return {};
    }
    const account = given.account === undefined ? undefined : knownAccount(services.domains.config, given.account);
    return services.sessions.list({ account, limit: given.limit });
  });
}
