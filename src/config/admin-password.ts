import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { writeDurably } from '../runtime/durable-file.ts';

/** OWASP's first choice for argon2id: 19 MiB, two passes. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 };
const tagLength = 32;
const derive = promisify(argon2);

/** Stores the hash of the password for the administration pages, in the PHC string format. Durable when it resolves. */
export async function writeAdminPassword(path: string, password: string): Promise<void> {
  const nonce = randomBytes(16);
  const hash = await derive('argon2id', { ...cost, tagLength, message: password.normalize('NFC'), nonce });
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  const parameters = `m=${cost.memory},t=${cost.passes},p=${cost.parallelism}`;
  await writeDurably(path, `$argon2id$v=19$${parameters}$${text(nonce)}$${text(hash)}\n`);
}

/** Whether a password is the one of the administration pages; never when none was set. */
export async function isAdminPassword(path: string, password: string): Promise<boolean> {
  const stored = await readFile(path, 'utf8').catch(() => '');
  const [, memory, passes, parallelism, nonce, hash] =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)\s*$/.exec(stored) ?? [];
  if (nonce === undefined || hash === undefined) return false;
  const wanted = Buffer.from(hash, 'base64');
  const given = await derive('argon2id', {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: wanted.length,
    nonce: Buffer.from(nonce, 'base64'),
    message: password.normalize('NFC'),
  });
  return timingSafeEqual(given, wanted);
}
