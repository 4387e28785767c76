import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { UsageError } from '../exit-code.ts';
import { serverRequest } from '../server-request.ts';

interface SendmailOptions {
  t?: boolean;
  i?: boolean;
  f?: string;
  r?: string;
  F?: string;
  o?: string[];
}

/** Sends a message from this machine, with the options of sendmail that programs use. */
export function sendmail(command: Command): void {
  command
    .argument('[recipient...]', 'addresses')
    .option('-t', 'take recipients from To, Cc and Bcc too, and remove Bcc')
    .option('-i', 'a line with a single dot does not end the message')
    .option('-f <address>', 'envelope sender; "<>" for none')
    .option('-r <address>', 'the same as -f')
    .option('-F <name>', 'full name for a From field that is made when the message has none')
    .option('-o <option...>', 'options such as -oi and -odb; all but -oi are ignored')
    .allowExcessArguments(false)
    .action(async (recipients: string[], options: SendmailOptions) => {
      if (recipients.length === 0 && !options.t) {
        throw new UsageError(
          'Cannot send: no recipient is given',
          'Name recipients, or take them from the message with -t.',
        );
      }
      const sender = (options.f ?? options.r ?? userInfo().username).replace(/^<(.*)>$/, '$1');
      const dotsAreText = options.i === true || (options.o ?? []).includes('i');
      const envelope = { sender, recipients, recipientsFromHeader: options.t === true, fullName: options.F };
      await serverRequest(command, 'submit', envelope, {
        input: dotsAreText ? process.stdin : untilDot(process.stdin),
      });
    });
}

/** The lines before one that is a single dot. */
export async function* untilDot(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let isLineStart = true;
  for await (const chunk of input) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(10, from);
      if (end < 0) break;
      const line = bytes.subarray(from, end + 1).toString('latin1');
      if (isLineStart && (line === '.\n' || line === '.\r\n')) {
        if (from > 0) yield bytes.subarray(0, from);
        return;
      }
      isLineStart = true;
      from = end + 1;
    }
    // A dot at the end may be a whole line: it waits for what follows. A long line goes on at once.
    const tail = bytes.subarray(from);
    const mayBeDot = isLineStart && tail.length > 0 && tail.length <= 2 && tail[0] === 46;
    const sent = mayBeDot ? from : bytes.length;
    if (sent > 0) yield bytes.subarray(0, sent);
    if (!mayBeDot && tail.length > 0) isLineStart = false;
    rest = mayBeDot ? Buffer.from(tail) : Buffer.alloc(0);
  }
  if (rest.length > 0 && rest.toString('latin1') !== '.') yield rest;
}
