import { type Command, InvalidArgumentError } from 'commander';
import type { LoginRecords } from '../../control/commands/login-attempts.ts';
import { printJson, printTable, timeText } from '../print-result.ts';
import { quotedText } from '../quoted-text.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** Shows who has logged in, and who has tried to. */
export function loginattempts(command: Command): void {
  showLogins(
    command.argument(
      '[account]',
      "name of the account, or one of its addresses; otherwise all, and logins that are nobody's",
    ),
  );
}

/** The same of one account: `config account logins`. */
export function defineAccountLogins(command: Command): void {
  showLogins(command.argument('<account>', 'name of the account, or one of its addresses'));
}

function showLogins(command: Command): void {
  command
    .option('--limit <number>', 'how many, up to 1000', readLimit, 100)
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, { limit, json }: { limit: number; json?: boolean }) => {
      const found = (await serverOrOfflineRequest(command, 'loginAttempts', { account, limit })) as LoginRecords;
      if (json) printJson(found);
      else if (found.length === 0) process.stdout.write('Nobody has tried to log in.\n');
      else printLogins(found);
    });
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new InvalidArgumentError('a number from 1 to 1000');
  return limit;
}

function printLogins(logins: LoginRecords): void {
  printTable(
    [
      'LAST (UTC)',
      'FIRST (UTC)',
      'COUNT',
      'RESULT',
      'ACCOUNT',
      'FROM',
      'PROTOCOL',
      'MECHANISM',
      'PASSWORD',
      'TLS',
      'CLIENT',
      'LOGIN',
    ],
    logins.map((each) => [
      timeText(each.lastAt),
      timeText(each.firstAt),
      String(each.count),
      each.result,
      each.account ?? '-',
      each.remoteAddress,
      each.protocol,
      each.mechanism,
      each.credential === '' ? '-' : each.credential,
      each.tls === '' ? '-' : each.tls,
      each.client === '' ? '-' : quotedText(each.client),
      quotedText(each.login),
    ]),
  );
}
