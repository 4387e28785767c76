// The four messages of RFC 5802 §7. Parsers return undefined for what isn't such a message; they never throw.
import { randomBytes } from 'node:crypto';
import { limits } from '../runtime/limits.ts';
import { decodeBase64 } from './strict-base64.ts';

export interface ClientFirst {
  /** `n`: client can't bind; `y`: it can, and believes the server can't; `p`: it binds, to `bindingName`. */
  bindingFlag: 'n' | 'y' | 'p';
  bindingName: string | undefined;
  authorizationId: string | undefined;
  /** Flag and authorization id with both commas: what the client repeats in its final message. */
  gs2Header: string;
  username: string;
  nonce: string;
  /** All after the GS2 header, part of what is signed. */
  bare: string;
}

export interface ClientFinal {
  binding: Buffer;
  nonce: string;
  proof: Buffer;
  /** All before `,p=`, part of what is signed. */
  withoutProof: string;
}

export interface ServerFirst {
  nonce: string;
  salt: Buffer;
  iterations: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// RFC 5802 §7: value-safe-char excludes NUL, "=" and ","; value allows "=".
const printable = '[\\x21-\\x2b\\x2d-\\x7e]+';
const saslname = '(?:[^\\x00=,]|=2C|=3D)+';
const extensions = '(?:,[A-Za-z]=[^\\x00,]+)*';
const clientFirst = new RegExp(
  `^(([ny]|p=([A-Za-z0-9.-]+)),(?:a=(${saslname}))?,)(n=(${saslname}),r=(${printable})${extensions})$`,
  'u',
);
const clientFinal = new RegExp(`^(c=([^\\x00,]+),r=(${printable})${extensions}),p=([^\\x00,]+)$`, 'u');
const serverFirst = new RegExp(`^r=(${printable}),s=([^\\x00,]+),i=([1-9][0-9]{0,9})${extensions}$`, 'u');
const serverFinal = /^v=([^\x00,]+)(?:,[A-Za-z]=[^\x00,]+)*$/u;

function decodeText(message: Buffer): string | undefined {
  if (message.length > limits.scramMessageBytes) return undefined;
  try {
    return utf8.decode(message);
  } catch {
    return undefined;
  }
}

/** Mandatory extensions (`m=`) make it no message that we understand, as RFC 5802 §5.1 wants. */
export function parseClientFirst(message: Buffer): ClientFirst | undefined {
  const match = clientFirst.exec(decodeText(message) ?? '');
  if (!match) return undefined;
  const [, gs2Header, flag, bindingName, authorizationId, bare, username, nonce] = match as unknown as string[];
  return {
    bindingFlag: flag![0] as 'n' | 'y' | 'p',
    bindingName,
    authorizationId: authorizationId === undefined ? undefined : decodeSaslname(authorizationId),
    gs2Header: gs2Header!,
    username: decodeSaslname(username!),
    nonce: nonce!,
    bare: bare!,
  };
}

export function parseClientFinal(message: Buffer): ClientFinal | undefined {
  const match = clientFinal.exec(decodeText(message) ?? '');
  if (!match) return undefined;
  const binding = decodeBase64(match[2]!);
  const proof = decodeBase64(match[4]!);
  if (!binding || !proof) return undefined;
  return { binding, nonce: match[3]!, proof, withoutProof: match[1]! };
}

export function parseServerFirst(message: Buffer): ServerFirst | undefined {
  const match = serverFirst.exec(decodeText(message) ?? '');
  const salt = match ? decodeBase64(match[2]!) : undefined;
  if (!match || !salt || Number(match[3]) > limits.scramIterations) return undefined;
  return { nonce: match[1]!, salt, iterations: Number(match[3]) };
}

/** @returns the server's signature; undefined for an error message (`e=`) too */
export function parseServerFinal(message: Buffer): Buffer | undefined {
  const match = serverFinal.exec(decodeText(message) ?? '');
  return match ? decodeBase64(match[1]!) : undefined;
}

export function formatServerFirst(message: ServerFirst): string {
  return `r=${message.nonce},s=${message.salt.toString('base64')},i=${message.iterations}`;
}

/** 144 random bits as printable ASCII. */
export function makeScramNonce(): string {
  return randomBytes(18).toString('base64');
}

export function encodeSaslname(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function decodeSaslname(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
