import { type Command, InvalidArgumentError } from 'commander';
import type { SessionsAnswer } from '../../control/commands/sessions.ts';
import { printJson, printTable, sizeText, timeText } from '../print-result.ts';
import { quotedText } from '../quoted-text.ts';
import { serverRequest } from '../server-request.ts';

const limit = 10_000;

/** `config account sessions …` */
export function defineSessionCommands(command: Command): void {
  const ask = async <Name extends keyof SessionsAnswer>(name: Name, given: object) =>
    (await serverRequest(command, 'sessions', { do: name, ...given })) as SessionsAnswer[Name];
  command
    .argument('[account]', 'name of the account, or one of its addresses; otherwise all')
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, { json }: { json?: boolean }) => {
      const found = await ask('list', { account, limit });
      if (json) printJson(found);
      else if (found.total === 0) process.stdout.write('Nobody is logged in.\n');
      else printSessions(found);
    });
  command
    .command('end')
    .description('end one: its client is told, and may log in again')
    .argument('<id>', 'as listed', readId)
    .action(async (id: number) => {
      await ask('end', { id });
    });
}

function readId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 1) throw new InvalidArgumentError('a number, as listed');
  return id;
}

function printSessions({ sessions, total }: SessionsAnswer['list']): void {
  printTable(
    ['ID', 'ACCOUNT', 'PROTOCOL', 'FROM', 'SINCE (UTC)', 'STATE', 'RECEIVED', 'SENT', 'PASSWORD', 'MAILBOX', 'CLIENT'],
    sessions.map((each) => [
      String(each.id),
      each.account,
      each.protocol,
      each.remoteAddress,
      timeText(each.since),
      each.state,
      sizeText(each.receivedBytes),
      sizeText(each.sentBytes),
      each.credential ?? '-',
      each.mailbox === undefined ? '-' : quotedText(each.mailbox),
      each.client === undefined ? '-' : quotedText(each.client),
    ]),
  );
  if (total > sessions.length) process.stdout.write(`and ${total - sessions.length} more\n`);
}
