import { colonList, parseTagList, TagListError } from './tag-list.ts';

export type Canonicalization = 'simple' | 'relaxed';

export interface DkimSignature {
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
  /** Agent or user identifier; by default `@` and the domain. */
  readonly identity: string;
  /** Bytes of the canonical body that are signed; undefined: all. */
  readonly bodyLength: number | undefined;
  /** Seconds since 1970. */
  readonly expiresAt: number | undefined;
}

const hostname = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

/**
 * @param value of a DKIM-Signature field, folded as it stands
 * @throws TagListError
 * Source: RFC 6376 §3.5
 */
export function parseDkimSignature(value: string): DkimSignature {
  const tags = parseTagList(value);
  const required = (name: string): string => {
    const found = tags.get(name);
    if (found === undefined || found === '') throw new TagListError(`the tag "${name}" is missing`);
    return found;
  };
  if (required('v') !== '1') throw new TagListError('the version is not 1');
  const domain = nameOf(required('d'), 'd');
  const selector = nameOf(required('s'), 's');
  const fields = colonList(required('h')).map((name) => name.toLowerCase());
  if (!fields.includes('from')) throw new TagListError('the field "From" is not signed');
  const identity = (tags.get('i') ?? `@${domain}`).replaceAll(/[ \t\r\n]+/g, '');
  const ofIdentity = identity.slice(identity.lastIndexOf('@') + 1).toLowerCase();
  if (!identity.includes('@') || (ofIdentity !== domain && !ofIdentity.endsWith(`.${domain}`))) {
    throw new TagListError('the tag "i" is of another domain');
  }
  const queries = tags.get('q');
  if (queries !== undefined && !colonList(queries).includes('dns/txt'))
    throw new TagListError('the key is not in the DNS');
  const [headerForm = 'simple', bodyForm = 'simple'] = (tags.get('c') ?? 'simple/simple').split('/');
  return {
    algorithm: required('a').toLowerCase(),
    signature: Buffer.from(required('b').replaceAll(/[ \t\r\n]+/g, ''), 'base64'),
    bodyHash: required('bh').replaceAll(/[ \t\r\n]+/g, ''),
    headerForm: formOf(headerForm),
    bodyForm: formOf(bodyForm),
    domain,
    selector,
    fields,
    identity,
    bodyLength: numberOf(tags.get('l'), 'l'),
    expiresAt: numberOf(tags.get('x'), 'x'),
  };
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

function numberOf(text: string | undefined, tag: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,76}$/.test(text)) throw new TagListError(`the tag "${tag}" is no number`);
  return Number(text);
}
