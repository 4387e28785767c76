import { randomBytes } from 'node:crypto';
import { digest, hmac, saltedPassword, xor } from '../../../src/sasl/scram-keys.ts';
import { parseServerFirst } from '../../../src/sasl/scram-messages.ts';
import type { MailPeer } from '../peers/mail-peer.ts';
import { RawImap } from '../raw-imap.ts';

/** By salt: what takes a client its time is done once, so that thousands of logins are the server's work. */
const saltedPasswords = new Map<string, Buffer>();

/** Connects and logs in with SCRAM-SHA-256 (RFC 7677), without a look at the server's signature. */
export async function openSession(
  peer: Pick<MailPeer, 'imap'>,
  account: string,
  options: { tls?: boolean } = {},
): Promise<RawImap> {
  if (peer.imap === undefined) throw new TypeError('Cannot log in: the server has no IMAP');
  const client = await RawImap.connect(options.tls === true ? peer.imap.tlsPort : peer.imap.port, options);
  const bare = `n=${account}@example.org,r=${randomBytes(12).toString('hex')}`;
  const challenge = await client.begin(`AUTHENTICATE SCRAM-SHA-256 ${base64(`n,,${bare}`)}`);
  const serverFirst = Buffer.from(challenge.slice(2), 'base64');
  const first = parseServerFirst(serverFirst);
  if (first === undefined) throw new Error(`Cannot log in: the server says "${challenge}"`);
  const cacheKey = `${first.salt.toString('base64')} ${first.iterations}`;
  let salted = saltedPasswords.get(cacheKey);
  if (salted === undefined) {
    salted = await saltedPassword('sha256', peer.imap.password, first.salt, first.iterations);
    saltedPasswords.set(cacheKey, salted);
  }
  const clientKey = hmac('sha256', salted, 'Client Key');
  const withoutProof = `c=${base64('n,,')},r=${first.nonce}`;
  const signature = hmac('sha256', digest('sha256', clientKey), `${bare},${serverFirst},${withoutProof}`);
  const proof = xor(clientKey, signature).toString('base64');
  const answer = await client.goOn(base64(`${withoutProof},p=${proof}`));
  if (answer.startsWith('+')) await client.goOn('');
  return client;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
