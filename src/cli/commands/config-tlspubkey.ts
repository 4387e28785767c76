import { rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { ShownTlsPublicKey, TlsPublicKeyAnswer } from '../../control/commands/tls-public-keys.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { createClientCertificate } from '../../tls/self-signed-certificate.ts';
import { printJson, printTable, timeText } from '../print-result.ts';
import { quotedText } from '../quoted-text.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

// One in 64 fingerprints begins with "-".
const fingerprintText = 'as listed; write "--" before one that begins with "-" and is taken for an option';

/** `config tlspubkey …` */
export function defineTlsPublicKeyCommands(command: Command): void {
  const ask = async <Name extends keyof TlsPublicKeyAnswer>(name: Name, given: object) =>
    (await serverOrOfflineRequest(command, 'tlsPublicKeys', { do: name, ...given })) as TlsPublicKeyAnswer[Name];
  command
    .command('list')
    .description('list the keys, of all accounts or of one')
    .argument('[account]', 'name of the account, or one of its addresses')
    .option('--json', 'print JSON')
    .action(async (account: string | undefined, { json }: { json?: boolean }) => {
      const keys = await ask('list', { account });
      if (json) printJson(keys);
      else if (keys.length === 0) process.stdout.write('There are none.\n');
      else printKeys(keys);
    });
  command
    .command('get')
    .description('show a key, with the certificate that it was added by')
    .argument('<fingerprint>', fingerprintText)
    .allowUnknownOption()
    .option('--json', 'print JSON')
    .action(async (fingerprint: string, { json }: { json?: boolean }) => {
      const key = await ask('get', { fingerprint });
      if (json) printJson(key);
      else printKey(key);
    });
  command
    .command('add')
    .description('let clients in by the key of a certificate, which is read from standard input (PEM)')
    .argument('<address>', 'what they are logged in as: an address of the account')
    .argument('[name]', 'for people, such as the device; otherwise the common name of the certificate')
    .option(
      '--no-imap-preauth',
      'IMAP connections wait for AUTHENTICATE EXTERNAL: for programs that do not understand that they are logged in already',
    )
    .action(async (address: string, name: string | undefined, { imapPreauth }: { imapPreauth: boolean }) => {
      const certificate = await text(process.stdin);
      const { fingerprint } = await ask('add', { address, name, noImapPreauth: !imapPreauth, certificate });
      process.stdout.write(`${fingerprint}\n`);
    });
  command
    .command('gen')
    .description('make a key and a certificate for a program or device; "add" lets it in')
    .argument('<stem>', 'of the files: STEM.key is the key, STEM.pem the certificate')
    .action(async (stem: string) => {
      const { certificate, key } = await createClientCertificate({ name: basename(stem), now: Date.now() });
      await writeNew(`${stem}.key`, key);
      try {
        await writeNew(`${stem}.pem`, certificate);
      } catch (error) {
        await rm(`${stem}.key`, { force: true });
        throw error;
      }
      process.stdout.write(`${stem}.key\n${stem}.pem\n`);
    });
  command
    .command('rm')
    .description('remove a key: nobody gets in by it any more, and sessions that did are ended')
    .argument('<fingerprint>', fingerprintText)
    .allowUnknownOption()
    .action(async (fingerprint: string) => {
      await ask('remove', { fingerprint });
    });
}

/** @throws RestanteError when there is such a file, which may hold a key in use, or none can be made */
async function writeNew(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const reason = isThere ? 'there is such a file' : (error as Error).message;
    throw new RestanteError('key-file', `Cannot write ${path}: ${reason}`, { context: { path }, cause: error });
  }
}

function printKeys(keys: readonly ShownTlsPublicKey[]): void {
  printTable(
    ['FINGERPRINT', 'TYPE', 'ACCOUNT', 'LOGIN', 'ADDED (UTC)', 'PREAUTH', 'NAME'],
    keys.map(({ fingerprint, type, account, login, createdAt, noImapPreauth, name }) => {
      return [fingerprint, type, account, login, timeText(createdAt), noImapPreauth ? 'no' : 'yes', quotedText(name)];
    }),
  );
}

function printKey(key: TlsPublicKeyAnswer['get']): void {
  const lines = key.certificate.match(/.{1,64}/g) ?? [];
  process.stdout.write(
    [
      `type: ${key.type}`,
      `name: ${quotedText(key.name)}`,
      `account: ${key.account}`,
      `address: ${key.login}`,
      `added: ${timeText(key.createdAt)} UTC`,
      `no imap preauth: ${key.noImapPreauth}`,
      '-----BEGIN CERTIFICATE-----',
      ...lines,
      '-----END CERTIFICATE-----\n',
    ].join('\n'),
  );
}
