import type { Command } from '../command.ts';
import { refuseUpdates } from '../keep-updated.ts';
import { MetadataWatch } from '../metadata-watch.ts';

/** Source: RFC 9051 §6.3.1, RFC 5161; RFC 6855 §3, RFC 7162 §3.1.2, §3.2.3; RFC 5464 §4.1; RFC 9586 §3.1 */
export const enable: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    const names: string[] = [];
    do {
      args.space();
      names.push(args.word());
    } while (!args.atEnd);
    const enabled: string[] = [];
    for (const name of names) {
      switch (name) {
        case 'IMAP4REV2':
          session.rev2 = true;
          session.selected?.recent.clear();
          enabled.push('IMAP4rev2');
          break;
        case 'UTF8=ACCEPT':
          session.utf8Accepted = true;
          enabled.push('UTF8=ACCEPT');
          break;
        case 'METADATA':
          session.metadata ??= await MetadataWatch.begin(session);
          enabled.push('METADATA');
          break;
        case 'CONDSTORE':
          enabled.push('CONDSTORE');
          break;
        case 'QRESYNC':
          // What was removed before is told in the form that was in force then.
          await session.selected?.tell(session, true);
          session.qresync = true;
          enabled.push('QRESYNC');
          break;
        case 'UIDONLY':
          await session.selected?.tell(session, true);
          session.uidOnly = true;
          for (const tag of session.selected?.contexts.endByNumber() ?? []) {
            refuseUpdates(session, tag, 'Message numbers cannot be told any more');
          }
          enabled.push('UIDONLY');
          break;
      }
    }
    session.untagged(`ENABLED${enabled.map((name) => ` ${name}`).join('')}`);
    if (enabled.includes('CONDSTORE') || enabled.includes('QRESYNC')) session.enableCondstore();
    return undefined;
  },
};
