/**
 * Parses SPF records. A record is right as a whole or not at all: an error anywhere counts before any term is looked at
 * (RFC 7208 §4.6).
 */
import { isIPv4, isIPv6 } from 'node:net';
import { isDomainSpec, isMacroString } from './macro-string.ts';

export type SpfQualifier = '+' | '-' | '~' | '?';

export type SpfMechanism =
  | { readonly kind: 'all' }
  | { readonly kind: 'include' | 'exists'; readonly domain: string }
  /** Bits of the prefix by address family. */
  | {
      readonly kind: 'a' | 'mx';
      readonly domain: string | undefined;
      readonly ip4Bits: number;
      readonly ip6Bits: number;
    }
  | { readonly kind: 'ptr'; readonly domain: string | undefined }
  | { readonly kind: 'ip4' | 'ip6'; readonly address: string; readonly bits: number };

export interface SpfDirective {
  readonly qualifier: SpfQualifier;
  readonly mechanism: SpfMechanism;
  /** As it is written, for Received-SPF. */
  readonly text: string;
}

export interface SpfRecord {
  readonly directives: readonly SpfDirective[];
  readonly redirect: string | undefined;
  readonly exp: string | undefined;
}

/** A record that breaks the grammar: `permerror`. */
export class SpfSyntaxError extends Error {}

/** @returns whether a TXT record is an SPF record, right or wrong. Source: RFC 7208 §4.5 */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/**
 * @param text of which isSpfRecord holds
 * @throws SpfSyntaxError
 * Source: RFC 7208 §12
 */
export function parseSpfRecord(text: string): SpfRecord {
  const directives: SpfDirective[] = [];
  const modifiers = new Map<string, string>();
  for (const term of text.slice('v=spf1'.length).split(' ')) {
    if (term === '') continue;
    const modifier = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/s.exec(term);
    if (modifier === null) directives.push(parseDirective(term));
    else addModifier(modifiers, modifier[1]!.toLowerCase(), modifier[2]!);
  }
  return { directives, redirect: modifiers.get('redirect'), exp: modifiers.get('exp') };
}

function addModifier(modifiers: Map<string, string>, name: string, value: string): void {
  if (name === 'redirect' || name === 'exp') {
    if (modifiers.has(name)) throw new SpfSyntaxError(`there are two "${name}"`);
    modifiers.set(name, domainSpec(value));
  } else if (!isMacroString(value)) throw new SpfSyntaxError(`"${name}" has a value that is none`);
}

function parseDirective(text: string): SpfDirective {
  const [, sign = '', name = '', rest = ''] = /^([+\-?~]?)([A-Za-z0-9]+)(.*)$/s.exec(text) ?? [];
  const qualifier = sign === '' ? '+' : (sign as SpfQualifier);
  return { qualifier, mechanism: parseMechanism(name.toLowerCase(), rest, text), text };
}

/** @param rest what follows the name: `:…`, `/…` or nothing */
function parseMechanism(name: string, rest: string, text: string): SpfMechanism {
  switch (name) {
    case 'all':
      if (rest === '') return { kind: 'all' };
      break;
    case 'include':
    case 'exists':
      if (rest.startsWith(':')) return { kind: name, domain: domainSpec(rest.slice(1)) };
      break;
    case 'ptr':
      if (rest === '') return { kind: name, domain: undefined };
      if (rest.startsWith(':')) return { kind: name, domain: domainSpec(rest.slice(1)) };
      break;
    case 'a':
    case 'mx': {
      const [, domain = '', ip4, ip6] = /^(.*?)(?:\/(\d+))?(?:\/\/(\d+))?$/s.exec(rest)!;
      const bits = { ip4Bits: prefixBits(ip4, 32), ip6Bits: prefixBits(ip6, 128) };
      if (domain === '') return { kind: name, domain: undefined, ...bits };
      if (domain.startsWith(':')) return { kind: name, domain: domainSpec(domain.slice(1)), ...bits };
      break;
    }
    case 'ip4':
    case 'ip6': {
      const [, address = '', bits] = /^:([^/]*)(?:\/(\d+))?$/s.exec(rest) ?? [];
      const isRight = name === 'ip4' ? isIPv4(address) : isIPv6(address) && !address.includes('%');
      if (isRight) return { kind: name, address, bits: prefixBits(bits, name === 'ip4' ? 32 : 128) };
      break;
    }
  }
  throw new SpfSyntaxError(`"${text}" is no mechanism`);
}

function domainSpec(text: string): string {
  if (!isDomainSpec(text)) throw new SpfSyntaxError(`"${text}" is no domain`);
  return text;
}

function prefixBits(digits: string | undefined, most: number): number {
  if (digits === undefined) return most;
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > most) {
    throw new SpfSyntaxError(`"/${digits}" is no prefix length`);
  }
  return Number(digits);
}
