import type { ByteText } from '../message/structure.ts';

/** Places of the fields in an ENVELOPE. */
export const envelopeFields = {
  date: 0,
  subject: 1,
  from: 2,
  sender: 3,
  'reply-to': 4,
  to: 5,
  cc: 6,
  bcc: 7,
  'in-reply-to': 8,
  'message-id': 9,
} as const;

/** One address as ENVELOPE has it; a host of undefined begins or ends a group. */
export interface EnvelopeAddress {
  readonly name: ByteText | undefined;
  readonly mailbox: ByteText | undefined;
  readonly host: ByteText | undefined;
}

/**
 * Takes fields out of an ENVELOPE that was rendered when the message was stored. What it was made by is trusted to be in the grammar.
 * Source: RFC 9051 §7.5.2
 */
export class EnvelopeScanner {
  readonly #text: ByteText;
  #at: number;

  constructor(envelope: ByteText) {
    this.#text = envelope;
    this.#at = 1;
  }

  /** A string field. @returns undefined for NIL */
  static string(envelope: ByteText, field: number): ByteText | undefined {
    const scanner = new EnvelopeScanner(envelope);
    scanner.#skip(field);
    return scanner.#nstring();
  }

  /** An address field. */
  static addresses(envelope: ByteText, field: number): EnvelopeAddress[] {
    const scanner = new EnvelopeScanner(envelope);
    scanner.#skip(field);
    return scanner.#addresses();
  }

  #skip(fields: number): void {
    for (let count = 0; count < fields; count++) {
      this.#skipValue();
      this.#at++;
    }
  }

  #skipValue(): void {
    if (this.#text[this.#at] !== '(') {
      this.#nstring();
      return;
    }
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== ')') {
      if (this.#text[this.#at] === ' ') this.#at++;
      else this.#skipValue();
    }
    this.#at++;
  }

  #addresses(): EnvelopeAddress[] {
    const addresses: EnvelopeAddress[] = [];
    if (this.#text[this.#at] !== '(') return addresses;
    this.#at++;
    while (this.#text[this.#at] === '(') {
      this.#at++;
      const name = this.#nstring();
      this.#at++;
      this.#nstring();
      this.#at++;
      const mailbox = this.#nstring();
      this.#at++;
      const host = this.#nstring();
      this.#at++;
      addresses.push({ name, mailbox, host });
    }
    return addresses;
  }

  #nstring(): ByteText | undefined {
    const text = this.#text;
    const first = text[this.#at];
    if (first === '"') {
      const start = this.#at + 1;
      let end = text.indexOf('"', start);
      if (text.slice(start, end).includes('\\')) {
        end = start;
        while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
        this.#at = end + 1;
        return text.slice(start, end).replace(/\\(.)/g, '$1');
      }
      this.#at = end + 1;
      return text.slice(start, end);
    }
    if (first === '{') {
      const close = text.indexOf('}', this.#at);
      const start = close + 3;
      this.#at = start + Number(text.slice(this.#at + 1, close));
      return text.slice(start, this.#at);
    }
    this.#at += 3;
    return undefined;
  }
}
