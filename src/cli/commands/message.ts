import type { Command } from 'commander';
import { diagnosisProgram, type ShownPart } from '../diagnosis-program.ts';
import { messageInput } from '../message-input.ts';
import { printJson } from '../print-result.ts';

/** The command that looks into messages. */
export function message(command: Command): void {
  command
    .command('parse')
    .description('show the parts of the message on standard input, as the server sees them')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { parseMessage } = await diagnosisProgram();
      const parsed = parseMessage(Buffer.concat(await Array.fromAsync(messageInput())));
      if (json) return printJson(parsed);
      const { header, sizeBytes, fromFields, receivedFields, part } = parsed;
      for (const [name, value] of Object.entries(header)) process.stdout.write(`${name}: ${value}\n`);
      process.stdout.write(`${sizeBytes} bytes, ${fromFields} From fields, ${receivedFields} Received fields\n`);
      process.stdout.write(shown(part, 0));
    });
}

function shown(part: ShownPart, depth: number): string {
  const { type, encoding, name, disposition, offset, size, parts = [], message: embedded } = part;
  const named = name === undefined ? '' : ` ${JSON.stringify(name)}`;
  const line = `${'  '.repeat(depth)}${type} ${encoding}${disposition === undefined ? '' : ` ${disposition}`}${named}: ${size} bytes at ${offset}\n`;
  const below = [...parts, ...(embedded === undefined ? [] : [embedded.part])];
  return line + below.map((each) => shown(each, depth + 1)).join('');
}
