import { limits } from '../../runtime/limits.ts';
import type { Command } from '../command.ts';

/** Fields that a client may send, and the length of a value: RFC 2971 §3.3. */
const maxFields = 30;
const maxValueBytes = 1024;

/** Name and version; of a client that gives no name, whatever it gives. */
function describeClient({ name, version, ...others }: Record<string, string>): string | undefined {
  const [said = undefined] = name === undefined ? Object.values(others) : [[name, version].filter(Boolean).join(' ')];
  return said === undefined
    ? undefined
    : Buffer.from(said, 'latin1').toString('utf8').slice(0, limits.loginClientCharacters);
}

/** Tells who the server is; who the client is goes to the log. Source: RFC 2971 */
export const id: Command = {
  when: 'always',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const client: Record<string, string> = Object.create(null);
    if (!args.takeIf('NIL')) {
      let fields = 0;
      let name: string | undefined;
      args.list(() => {
        if (name === undefined) {
          name = args.string();
          if (++fields > maxFields) args.fail('Too many fields');
        } else {
          const value = args.nstring();
          if (value !== undefined) client[name.toLowerCase().slice(0, 30)] = value.slice(0, maxValueBytes);
          name = undefined;
        }
      });
      if (name !== undefined) args.fail('A field has no value');
    }
    args.end();
    session.client = describeClient(client) ?? session.client;
    session.recordLogin();
    session.log.debug({ client }, 'client identified itself');
    session.untagged(`ID ("name" "Restante" "version" "${session.server.version}")`);
    return undefined;
  },
};
