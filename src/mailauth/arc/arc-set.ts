import type { HeaderField } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';
import { limits } from '../../runtime/limits.ts';
import { type MessageSignature, messageSignatureOf, numberTag, requiredTag, sealOf } from '../dkim/dkim-signature.ts';
import { parseTagList, TagListError } from '../dkim/tag-list.ts';
import { ArcFault } from './arc-fault.ts';
import { type ArcResults, parseArcResults } from './arc-results.ts';

/** What one server has added to a message that it passed on. */
export interface ArcSet {
  /** 1 for the first server. */
  readonly instance: number;
  readonly fields: { readonly results: HeaderField; readonly message: HeaderField; readonly seal: HeaderField };
  /** ARC-Authentication-Results: what it has found out about the message. */
  readonly results: ArcResults;
  /** ARC-Message-Signature */
  readonly message: MessageSignature;
  /** ARC-Seal */
  readonly seal: ArcSeal;
}

export interface ArcSeal extends Pick<MessageSignature, 'algorithm' | 'signature' | 'domain' | 'selector'> {
  /** What it says of the sets before. */
  readonly chain: 'none' | 'pass';
}

interface Parts {
  results?: { field: HeaderField; parsed: ArcResults };
  message?: { field: HeaderField; parsed: MessageSignature };
  seal?: { field: HeaderField; parsed: Omit<ArcSeal, 'chain'> & { chain: string } };
}

const partOf: Readonly<Record<string, keyof Parts>> = {
  'arc-authentication-results': 'results',
  'arc-message-signature': 'message',
  'arc-seal': 'seal',
};

/**
 * Reads the sets of a message and checks how they are put together, as far as no key is needed for it.
 * @returns the sets, the oldest first; none for a message without
 * @throws ArcFault
 * Source: RFC 8617 §4, §5.2
 */
export function arcSetsOf(header: ByteText, fields: readonly HeaderField[]): ArcSet[] {
  const sets = new Map<number, Parts>();
  let bytes = 0;
  for (const field of fields) {
    const part = partOf[field.name];
    if (part === undefined) continue;
    bytes += field.end - field.start;
    if (bytes > limits.arcHeaderBytes) throw new ArcFault('fail', 'its fields are too long');
    const { instance, parsed } = readField(part, header.slice(field.valueStart, field.end));
    const set = sets.get(instance) ?? {};
    sets.set(instance, set);
    if (set[part] !== undefined) throw new ArcFault('fail', `the set ${instance} has two fields ${field.name}`);
    Object.assign(set, { [part]: { field, parsed } });
  }
  const newest = sets.get(sets.size);
  if (newest?.seal?.parsed.chain === 'fail') throw new ArcFault('fail', 'a server before found that it fails');
  return Array.from({ length: sets.size }, (_, index) => wholeSet(index + 1, sets.get(index + 1)));
}

function readField(part: keyof Parts, value: ByteText): { instance: number; parsed: object } {
  try {
    if (part === 'results') {
      const parsed = parseArcResults(value);
      if (parsed === undefined) throw new TagListError('the results have no number of their set');
      return { instance: checkInstance(parsed.instance), parsed };
    }
    const tags = parseTagList(value);
    const instance = checkInstance(numberTag(tags, 'i'));
    // Nothing follows from the time, but wrong is wrong.
    numberTag(tags, 't');
    return { instance, parsed: part === 'seal' ? readSeal(tags) : readMessageSignature(tags) };
  } catch (error) {
    if (error instanceof TagListError) throw new ArcFault('fail', `it can not be read: ${error.message}`);
    throw error;
  }
}

function checkInstance(instance: number | undefined): number {
  if (instance === undefined) throw new TagListError('the tag "i" is missing');
  if (instance >= 1 && instance <= limits.arcSets) return instance;
  throw new TagListError(`there are ${limits.arcSets} sets at most, from 1`);
}

function readMessageSignature(tags: ReadonlyMap<string, string>): MessageSignature {
  // RFC 8617 §4.1.2 has DKIM's forms, simple/simple, for signatures that name none; the test suite of the protocol wants these.
  const signature = messageSignatureOf(tags, 'relaxed/relaxed');
  // RFC 8617 §4.1.2 forbids all ARC fields; some sealers sign the other ones, and it does no harm.
  if (signature.fields.includes('arc-seal')) throw new TagListError('the seal is signed by the signature it seals');
  return signature;
}

function readSeal(tags: ReadonlyMap<string, string>): object {
  if (tags.has('h')) throw new TagListError('a seal has no tag "h"');
  return { ...sealOf(tags), chain: requiredTag(tags, 'cv') };
}

function wholeSet(instance: number, { results, message, seal }: Parts = {}): ArcSet {
  if (results === undefined || message === undefined || seal === undefined) {
    throw new ArcFault('fail', `the set ${instance} is not complete`);
  }
  const { chain } = seal.parsed;
  if (chain !== (instance === 1 ? 'none' : 'pass')) {
    throw new ArcFault('fail', `the seal ${instance} says "${chain.slice(0, 10)}" of the sets before`);
  }
  return {
    instance,
    fields: { results: results.field, message: message.field, seal: seal.field },
    results: results.parsed,
    message: message.parsed,
    seal: { ...seal.parsed, chain: instance === 1 ? 'none' : 'pass' },
  };
}
