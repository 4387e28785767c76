// npm run bench:imap [-- --full] [--lines NAMES] [--messages N,N] [--sessions N,N] [--rounds N] [--listeners N] [--idle N]
//                    [--only restante|dovecot] [--profile DIR] [--keep DIR]
//
// Restante and Debian's Dovecot (apt-get install dovecot-imapd; as root) side by side on this machine, in turns, line by line: medians of
// the rounds and ratios. Without options what takes some ten minutes: 5,000 messages, 1 and 20 sessions, 2,000 idle connections; --full:
// 5,000 and 200,000 messages, 1, 20 and 200 sessions, 10,000 idle connections. With several sessions each does its share of the messages,
// all at the same time; SELECT and QRESYNC are done in full by each. --lines takes parts of the lines' names, joined by commas;
// --profile leaves .cpuprofile files of Restante's threads; --keep keeps the filled mailboxes there, and measures those of an earlier run.
import { measureAppend } from './append-lines.ts';
import { benchOptions } from './bench-options.ts';
import { measureBusy } from './busy-lines.ts';
import { measureIdle } from './idle-lines.ts';
import { measureLogins } from './login-lines.ts';
import { measureMailbox } from './measure-mailbox.ts';

const options = benchOptions();
for (const messages of options.messages) await measureMailbox(options, messages);
await measureAppend(options);
await measureLogins(options);
await measureBusy(options);
await measureIdle(options);
