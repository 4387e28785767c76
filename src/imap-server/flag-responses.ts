import type { MessageFlags } from '../store/messages/message-rows.ts';
import { formatFlags } from './flag-text.ts';
import type { ResponseWriter } from './response-writer.ts';

/** So many are worth a buffer of their own. */
const manyMessages = 32;
/** More than any response without keywords: numbers have 16 digits at most, and there are few flags besides keywords. */
const mostBytes = 512;

const begin = Buffer.from('* ');
const uidFetch = Buffer.from(' UIDFETCH (');
const fetch = Buffer.from(' FETCH (');
const uidItem = Buffer.from('UID ');
const modseqItem = Buffer.from('MODSEQ (');

/** `FLAGS` with those of some bits, as sent: there are few sets of bits. */
const itemsOfBits = new Map<number, Buffer>();

/**
 * Writes FETCH responses that hold flags and numbers only. Clients are told thousands of them at a time, and as text they would cost
 * several times as much: so digits go straight into the buffer that is sent.
 * Source: RFC 9051 §7.5.2, RFC 7162 §3.1, RFC 9586 §3.3
 */
export class FlagResponses {
  readonly #out: ResponseWriter;
  readonly #uidOnly: boolean;
  readonly #uid: boolean;
  readonly #flags: boolean;
  readonly #modseq: boolean;
  readonly #asText: boolean;

  /**
   * @param messages how many there will be, about
   * @param what whether the responses tell UID, FLAGS and MODSEQ, of which there is one; those of UIDFETCH have the UID anyway
   */
  constructor(
    out: ResponseWriter,
    messages: number,
    what: { uidOnly: boolean; uid: boolean; flags: boolean; modseq: boolean },
  ) {
    this.#out = out;
    this.#uidOnly = what.uidOnly;
    this.#uid = what.uid && !what.uidOnly;
    this.#flags = what.flags;
    this.#modseq = what.modseq;
    this.#asText = messages < manyMessages;
  }

  /** @param sequence of the message; means nothing where only UIDs are said */
  write(sequence: number, message: MessageFlags): void {
    if (this.#asText || (this.#flags && message.keywords.length > 0)) this.#writeText(sequence, message);
    else this.#writeBytes(sequence, message);
  }

  #writeBytes(sequence: number, { uid, flagBits, modseq }: MessageFlags): void {
    const out = this.#out;
    const target = out.reserve(mostBytes);
    let at = copy(begin, target, out.position);
    at = putNumber(this.#uidOnly ? uid : sequence, target, at);
    at = copy(this.#uidOnly ? uidFetch : fetch, target, at);
    if (this.#uid) {
      at = copy(uidItem, target, at);
      at = putNumber(uid, target, at);
    }
    if (this.#flags) {
      if (this.#uid) target[at++] = 0x20;
      at = copy(flagsItem(flagBits), target, at);
    }
    if (this.#modseq) {
      if (this.#uid || this.#flags) target[at++] = 0x20;
      at = copy(modseqItem, target, at);
      at = putNumber(modseq, target, at);
      target[at++] = 0x29;
    }
    target[at++] = 0x29;
    target[at++] = 0x0d;
    target[at++] = 0x0a;
    out.advance(at);
  }

  #writeText(sequence: number, { uid, flagBits, keywords, modseq }: MessageFlags): void {
    const label = this.#uidOnly ? `${uid} UIDFETCH` : `${sequence} FETCH`;
    const items: string[] = [];
    if (this.#uid) items.push(`UID ${uid}`);
    if (this.#flags) items.push(`FLAGS ${formatFlags(flagBits, keywords)}`);
    if (this.#modseq) items.push(`MODSEQ (${modseq})`);
    this.#out.write(`* ${label} (${items.join(' ')})\r\n`);
  }
}

function flagsItem(bits: number): Buffer {
  let item = itemsOfBits.get(bits);
  if (item === undefined) {
    item = Buffer.from(`FLAGS ${formatFlags(bits, [])}`, 'latin1');
    itemsOfBits.set(bits, item);
  }
  return item;
}

/** A loop, as a call costs more than so few bytes. @returns where the next byte goes */
function copy(bytes: Buffer, target: Buffer, at: number): number {
  for (let i = 0; i < bytes.length; i++) target[at++] = bytes[i]!;
  return at;
}

/** Puts a number in decimal. @param value 0 to 2^53 - 1 @returns where the next byte goes */
export function putNumber(value: number, target: Uint8Array, at: number): number {
  if (value < 1e9) return putDigits(value, digitsOf(value), target, at);
  const high = Math.floor(value / 1e9);
  return putDigits(value - high * 1e9, 9, target, putDigits(high, digitsOf(high), target, at));
}

function digitsOf(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1e3 ? 3 : 4;
  return value < 1e6 ? (value < 1e5 ? 5 : 6) : value < 1e8 ? (value < 1e7 ? 7 : 8) : value < 1e9 ? 9 : 10;
}

function putDigits(value: number, count: number, target: Uint8Array, at: number): number {
  for (let place = at + count - 1; place >= at; place--) {
    const rest = Math.floor(value / 10);
    target[place] = 0x30 + value - rest * 10;
    value = rest;
  }
  return at + count;
}
