import { colonList, parseTagList, TagListError } from './tag-list.ts';

type TagList = ReadonlyMap<string, string>;
export type Canonicalization = 'simple' | 'relaxed';

/** A signature over header and body. */
export interface MessageSignature {
  readonly algorithm: string;
  readonly signature: Buffer;
  /** Base64, without blanks. */
  readonly bodyHash: string;
  readonly headerForm: Canonicalization;
  readonly bodyForm: Canonicalization;
  /** Lower case. */
  readonly domain: string;
  readonly selector: string;
  /** Lower case. */
  readonly fields: readonly string[];
  /** Bytes of the canonical body that are signed; undefined: all. */
  readonly bodyLength: number | undefined;
  /** Seconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly identity?: string;
}

export interface DkimSignature extends MessageSignature {
  /** Agent or user identifier; by default `@` and the domain. */
  readonly identity: string;
}

const hostname = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

/**
 * @param value of a DKIM-Signature field, folded as it stands
 * @throws TagListError
 * Source: RFC 6376 §3.5
 */
export function parseDkimSignature(value: string): DkimSignature {
  const tags = parseTagList(value);
  if (requiredTag(tags, 'v') !== '1') throw new TagListError('the version is not 1');
  const signature = messageSignatureOf(tags);
  const { domain, fields } = signature;
  if (!fields.includes('from')) throw new TagListError('the field "From" is not signed');
  const identity = (tags.get('i') ?? `@${domain}`).replaceAll(/[ \t\r\n]+/g, '');
  const ofIdentity = identity.slice(identity.lastIndexOf('@') + 1).toLowerCase();
  if (!identity.includes('@') || (ofIdentity !== domain && !ofIdentity.endsWith(`.${domain}`))) {
    throw new TagListError('the tag "i" is of another domain');
  }
  return { ...signature, identity };
}

/**
 * What all signatures over header and body say.
 * @param usualForms canonical forms of header and body for signatures that name none
 * @throws TagListError
 */
export function messageSignatureOf(tags: TagList, usualForms = 'simple/simple'): Omit<MessageSignature, 'identity'> {
  const fields = tags.get('h');
  if (fields === undefined) throw new TagListError('the tag "h" is missing');
  const queries = tags.get('q');
  if (queries !== undefined && !colonList(queries).includes('dns/txt'))
    throw new TagListError('the key is not in the DNS');
  const [headerForm = 'simple', bodyForm = 'simple'] = (tags.get('c') ?? usualForms).split('/');
  return {
    ...sealOf(tags),
    bodyHash: requiredTag(tags, 'bh').replaceAll(/[ \t\r\n]+/g, ''),
    headerForm: formOf(headerForm),
    bodyForm: formOf(bodyForm),
    fields: colonList(fields).map((name) => name.toLowerCase()),
    bodyLength: numberTag(tags, 'l'),
    expiresAt: numberTag(tags, 'x'),
  };
}

/** What all signatures say. @throws TagListError */
export function sealOf(tags: TagList): Pick<MessageSignature, 'algorithm' | 'signature' | 'domain' | 'selector'> {
  return {
    algorithm: requiredTag(tags, 'a').toLowerCase(),
    signature: Buffer.from(requiredTag(tags, 'b').replaceAll(/[ \t\r\n]+/g, ''), 'base64'),
    domain: nameOf(requiredTag(tags, 'd'), 'd'),
    selector: nameOf(requiredTag(tags, 's'), 's'),
  };
}

/** @throws TagListError when it is missing or empty */
export function requiredTag(tags: TagList, name: string): string {
  const found = tags.get(name);
  if (found === undefined || found === '') throw new TagListError(`the tag "${name}" is missing`);
  return found;
}

/** @returns undefined when it is missing @throws TagListError when it is no number */
export function numberTag(tags: TagList, name: string): number | undefined {
  const text = tags.get(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,76}$/.test(text)) throw new TagListError(`the tag "${name}" is no number`);
  return Number(text);
}

function nameOf(text: string, tag: string): string {
  const name = text.toLowerCase();
  if (!hostname.test(name)) throw new TagListError(`the tag "${tag}" is no name`);
  return name;
}

function formOf(text: string): Canonicalization {
  const form = text.toLowerCase();
  if (form !== 'simple' && form !== 'relaxed') throw new TagListError(`"${text.slice(0, 20)}" is no canonical form`);
  return form;
}
