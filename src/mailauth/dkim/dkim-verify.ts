import { createHash, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { type HeaderField, splitHeader } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';
import { limits } from '../../runtime/limits.ts';
import { type DkimKey, parseDkimKey } from './dkim-key.ts';
import { type DkimSignature, parseDkimSignature } from './dkim-signature.ts';
import { headerEnd } from './header-end.ts';
import { RelaxedBodyHash } from './relaxed-body-hash.ts';
import { relaxedField } from './relaxed-field.ts';
import { SimpleBodyHash } from './simple-body-hash.ts';
import { TagListError } from './tag-list.ts';

/** RFC 8601 §2.7.1 */
export type DkimResult = 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror';

export interface DkimVerdict {
  readonly result: DkimResult;
  /** As far as the signature could be read. */
  readonly signature?: Pick<DkimSignature, 'domain' | 'selector' | 'identity' | 'algorithm'>;
  /** Why it isn't "pass". */
  readonly problem?: string;
  /** The domain only tries DKIM out. */
  readonly isTest?: boolean;
}

export interface DkimVerifyOptions {
  readonly resolver: Pick<Resolver, 'txt'>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
}

const verifyBytes = promisify(verify);

/**
 * Verifies the signatures of a message. Memory doesn't grow with the message; of many signatures the first are looked at.
 * @param content all bytes, header first, with CRLF line ends
 * @returns a verdict for each signature, from the top; none for a message without
 * @throws what `content` throws, and the signal's reason
 * Source: RFC 6376 §6; RFC 8301, RFC 8463
 */
export async function dkimVerify(
  content: AsyncIterable<Uint8Array>,
  options: DkimVerifyOptions,
): Promise<DkimVerdict[]> {
  let head: Buffer | undefined = Buffer.alloc(0);
  let checks: SignatureCheck[] = [];
  for await (const chunk of content) {
    options.signal.throwIfAborted();
    if (head === undefined) {
      for (const check of checks) check.update(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = headerEnd(head);
    if (end === undefined) {
      // What is cut off is not what was signed: a signature over it fails.
      if (head.length <= limits.headerBytes) continue;
      checks = startChecks(head.toString('latin1', 0, limits.headerBytes), options);
      head = undefined;
      continue;
    }
    checks = startChecks(head.toString('latin1', 0, end.header), options);
    if (checks.length === 0) return [];
    for (const check of checks) check.update(head.subarray(end.body));
    head = undefined;
  }
  if (head !== undefined) checks = startChecks(head.toString('latin1'), options);
  return await Promise.all(checks.map((check) => check.finish()));
}

function startChecks(header: ByteText, options: DkimVerifyOptions): SignatureCheck[] {
  const fields = splitHeader(header);
  return fields
    .filter(({ name }) => name === 'dkim-signature')
    .slice(0, limits.dkimSignatures)
    .map((field) => new SignatureCheck(header, fields, field, options));
}

/** Ends the check of one signature. */
class VerdictError extends Error {
  readonly result: Exclude<DkimResult, 'pass'>;

  constructor(result: Exclude<DkimResult, 'pass'>, problem: string) {
    super(problem);
    this.result = result;
  }
}

class SignatureCheck {
  readonly #header: ByteText;
  readonly #fields: readonly HeaderField[];
  readonly #own: HeaderField;
  readonly #options: DkimVerifyOptions;
  #signature: DkimSignature | undefined;
  #problem: VerdictError | undefined;
  #bodyHash: SimpleBodyHash | RelaxedBodyHash | undefined;
  #key: Promise<DkimKey> | undefined;

  constructor(header: ByteText, fields: readonly HeaderField[], own: HeaderField, options: DkimVerifyOptions) {
    this.#header = header;
    this.#fields = fields;
    this.#own = own;
    this.#options = options;
    try {
      const signature = parseDkimSignature(header.slice(own.valueStart, own.end));
      this.#signature = signature;
      checkPolicy(signature, options.now);
      const { bodyForm, bodyLength } = signature;
      this.#bodyHash = bodyForm === 'relaxed' ? new RelaxedBodyHash(bodyLength) : new SimpleBodyHash(bodyLength);
      // Asked while the body is read.
      this.#key = this.#findKey(signature);
      this.#key.catch(() => {});
    } catch (error) {
      this.#problem = toVerdict(error);
    }
  }

  update(chunk: Uint8Array): void {
    this.#bodyHash?.update(chunk);
  }

  async finish(): Promise<DkimVerdict> {
    const signature = this.#signature;
    const shown = signature === undefined ? {} : { signature };
    let isTest = false;
    try {
      if (this.#problem !== undefined) throw this.#problem;
      const key = await this.#key!;
      isTest = key.isTest;
      checkKey(key, signature!);
      if (this.#bodyHash!.digest() !== signature!.bodyHash) {
        throw new VerdictError('fail', 'the body was changed: its hash is another one');
      }
      if (!(await this.#isSignedBy(key, signature!))) {
        throw new VerdictError('fail', 'the header was changed, or the key is another one');
      }
      if (this.#bodyHash!.bytes > (signature!.bodyLength ?? Number.POSITIVE_INFINITY)) {
        throw new VerdictError('policy', 'the body goes on after what was signed');
      }
      return { result: 'pass', ...shown, ...(isTest ? { isTest } : {}) };
    } catch (error) {
      this.#options.signal.throwIfAborted();
      const { result, message } = toVerdict(error);
      return { result, problem: message, ...shown, ...(isTest ? { isTest } : {}) };
    }
  }

  async #findKey({ selector, domain }: DkimSignature): Promise<DkimKey> {
    const { resolver, signal } = this.#options;
    const { records } = await resolver.txt(`${selector}._domainkey.${domain}`, signal);
    let problem: unknown;
    for (const record of records.slice(0, limits.dkimKeyRecords)) {
      try {
        return parseDkimKey(record);
      } catch (error) {
        problem ??= error;
      }
    }
    throw new VerdictError('permerror', `the key is wrong: ${(problem as Error).message}`);
  }

  async #isSignedBy({ key, type }: DkimKey, signature: DkimSignature): Promise<boolean> {
    const signed = Buffer.from(this.#signedHeader(signature), 'latin1');
    if (type === 'rsa') return await verifyBytes('sha256', signed, key!, signature.signature);
    // RFC 8463 §3: Ed25519 signs the SHA-256 of what RSA would sign.
    return await verifyBytes(null, createHash('sha256').update(signed).digest(), key!, signature.signature);
  }

  /** Of several fields of one name, the last comes first; a name once more than there are stands for none: RFC 6376 §5.4.2. */
  #signedHeader({ fields, headerForm }: DkimSignature): ByteText {
    const unused = Map.groupBy(this.#fields, ({ name }) => name);
    let signed = '';
    for (const name of fields) {
      const field = unused.get(name)?.pop();
      if (field === undefined) continue;
      const text = this.#header.slice(field.start, field.end);
      if (headerForm === 'simple') signed += text;
      else signed += `${relaxedField(name, this.#header.slice(field.valueStart, field.end))}\r\n`;
    }
    const { start, valueStart, end } = this.#own;
    const value = this.#header.slice(valueStart, end).replace(/((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*/, '$1');
    if (headerForm === 'relaxed') return `${signed}${relaxedField('dkim-signature', value)}`;
    return `${signed}${this.#header.slice(start, valueStart)}${value.replace(/\r\n$/, '')}`;
  }
}

/** What is refused whatever the key says. */
function checkPolicy({ algorithm, expiresAt }: DkimSignature, now: number): void {
  // RFC 8301 §3.1: it proves nothing any more.
  if (algorithm === 'rsa-sha1') throw new VerdictError('policy', 'rsa-sha1 is not secure');
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256') {
    throw new VerdictError('permerror', `the algorithm "${algorithm.slice(0, 30)}" is not known`);
  }
  if (expiresAt !== undefined && expiresAt * 1000 < now) throw new VerdictError('fail', 'it has expired');
}

function checkKey(key: DkimKey, { algorithm, identity, domain }: DkimSignature): void {
  if (key.key === undefined) throw new VerdictError('permerror', 'the key was revoked');
  if (!algorithm.startsWith(`${key.type}-`)) throw new VerdictError('permerror', 'the key is of another type');
  if (key.hashes?.includes('sha256') === false) throw new VerdictError('permerror', 'the key is not for SHA-256');
  if (!key.isForMail) throw new VerdictError('permerror', 'the key is not for mail');
  if (key.isStrict && identity.slice(identity.lastIndexOf('@') + 1).toLowerCase() !== domain) {
    throw new VerdictError('permerror', 'the key is not for domains below its own');
  }
  if (key.type !== 'rsa') return;
  const bits = key.key.asymmetricKeyDetails?.modulusLength ?? 0;
  // RFC 8301 §3.2.
  if (bits < limits.dkimRsaBits) throw new VerdictError('policy', `an RSA key of ${bits} bits is not secure`);
  if (bits > limits.dkimMaxRsaBits) throw new VerdictError('policy', `an RSA key of ${bits} bits takes too long`);
}

function toVerdict(error: unknown): VerdictError {
  if (error instanceof VerdictError) return error;
  if (error instanceof TagListError) return new VerdictError('neutral', `it can not be read: ${error.message}`);
  if (error instanceof DnsError) {
    if (error.kind === 'temporary') return new VerdictError('temperror', error.message);
    return new VerdictError('permerror', 'there is no key');
  }
  throw error;
}
