import type { DmarcRecordAnswer } from './diagnosis-program.ts';
import { printTable } from './print-result.ts';

/** Strangers choose the words: nothing of them may reach the terminal as a command. */
export function plainWord(text: string): string {
  return text.replace(/[^!-~]/g, '?').slice(0, 100);
}

/** The records of a report as a table, one line each. */
export function printRecords(records: readonly DmarcRecordAnswer[]): void {
  printTable(
    ['COUNT', 'FROM', 'DISPOSITION', 'DKIM', 'SPF', 'AUTHOR DOMAIN', 'BECAUSE OF'],
    records.map((each) => [
      String(each.count),
      plainWord(each.sourceIp),
      plainWord(each.disposition),
      plainWord(each.dkim),
      plainWord(each.spf),
      plainWord(each.headerFrom),
      each.reasons.map(({ type }) => plainWord(type)).join(' '),
    ]),
  );
}
