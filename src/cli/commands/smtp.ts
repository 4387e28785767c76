import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { type DialedHost, diagnosisProgram } from '../diagnosis-program.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print-result.ts';

/** The command that looks at other SMTP servers. */
export function smtp(command: Command): void {
  command
    .command('dial <host>')
    .description('open an SMTP session with each address of a host, as the queue would, and show what it offers')
    .option('--port <port>', 'TCP port', '25')
    .option('--json', 'print JSON')
    .action((host: string, options: { port: string; json?: boolean }) =>
      dialAndPrint(command, host, { ...options, dane: false }),
    );
}

/** Exits with 1 unless there was a session with each address. */
export async function dialAndPrint(
  command: Command,
  host: string,
  options: { port: string; json?: boolean; dane: boolean },
): Promise<void> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UsageError(`Cannot dial port "${options.port}": it is no port number`);
  }
  const { dialSmtp } = await diagnosisProgram();
  const question = { staticConfigPath: configPath(command), host, port, dane: options.dane, signal: interruption() };
  const answer = await dialSmtp(question);
  if (options.json) printJson(answer);
  else {
    if (answer.problem !== undefined) process.stdout.write(`${answer.problem}\n`);
    for (const dialed of answer.dialed) process.stdout.write(shown(dialed, options.dane));
  }
  const isGood = answer.problem === undefined && answer.dialed.every(({ session }) => session !== undefined);
  if (!isGood) process.exitCode = exitCode.failed;
}

function shown({ address, session, problem }: DialedHost, isDane: boolean): string {
  if (session === undefined) return `${address}: ${problem}\n`;
  const { tls, certificate, certificateProblem, offers } = session;
  const lines = [`${address}: ${tls === undefined ? 'no TLS' : `${tls.protocol}, ${tls.cipher}`}`];
  if (isDane) lines.push('  DANE: a TLSA record matches');
  if (certificate !== undefined) {
    const { subject, issuer, names, validTo } = certificate;
    lines.push(`  certificate: ${subject}, for ${names}`, `  issued by: ${issuer}, valid until ${validTo}`);
    lines.push(`  by the authorities of this machine: ${certificateProblem ?? 'valid'}`);
  }
  const offered = Object.entries(offers).filter(([, value]) => value !== false && value !== undefined);
  lines.push(`  offers: ${offered.map(([name, value]) => (value === true ? name : `${name}=${value}`)).join(', ')}`);
  return `${lines.join('\n')}\n`;
}
