import { listPatternMatcher } from '../../imap/list-pattern.ts';
import { decodeMailboxName } from '../../imap/mailbox-name.ts';
import type { Command } from '../command.ts';
import { othersRoot } from '../mailbox-place.ts';
import { mayMatchOthers, sharedMailboxes } from '../shared-mailboxes.ts';

/** Source: RFC 3501 §6.3.9 */
export const lsub: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    // What is no name in the encoding matches none, as in LIST.
    const decode = (bytes: string): string => decodeMailboxName(bytes, session.utf8) ?? '\0';
    const reference = decode(args.astring());
    args.space();
    const pattern = decode(args.listMailbox());
    args.end();
    const [names, existing] = await session.mail.read(async (reader) => [
      await reader.mailboxes.subscriptions(),
      new Set((await reader.mailboxes.all()).map(({ name }) => name)),
    ]);
    if (mayMatchOthers(reference + pattern) && names.some((name) => name.startsWith(`${othersRoot}/`))) {
      for (const { name } of await sharedMailboxes(session)) existing.add(name);
    }
    const matches = listPatternMatcher(reference + pattern);
    const lines = new Map<string, string>();
    for (const name of names) {
      if (matches(name)) {
        lines.set(name, existing.has(name) ? '' : '\\NonExistent');
        continue;
      }
      // With `%`, a level that is not subscribed to itself stands for what is below it.
      for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
        const parent = name.slice(0, end);
        if (pattern.endsWith('%') && matches(parent) && !names.includes(parent)) lines.set(parent, '\\Noselect');
      }
    }
    for (const [name, attributes] of lines) session.untagged(`LSUB (${attributes}) "/" ${session.quotedName(name)}`);
    return undefined;
  },
};
