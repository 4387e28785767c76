import type { Command } from '../command.ts';

/** Does nothing; what is new is told as with any command. CHECK is the same here: everything is durable at once. Source: RFC 9051 §6.1.2 */
export const noop: Command = {
  when: 'always',
  tellsExpunges: true,
  async run(_session, args) {
    args.end();
    return undefined;
  },
};

/** Source: RFC 3501 §6.4.1 */
export const check: Command = { ...noop, when: 'selected' };
