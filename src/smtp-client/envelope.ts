import type { Capabilities } from './capabilities.ts';
import type { PeerReply } from './peer-reply.ts';

/** One mail transaction. */
export interface Envelope {
  /** As in MAIL, without angle brackets; empty for the null reverse-path. */
  readonly sender: string;
  readonly recipients: readonly EnvelopeRecipient[];
  /** RFC 3461 §4.3. */
  readonly ret: 'FULL' | 'HDRS' | undefined;
  /** RFC 3461 §4.4, xtext. */
  readonly envid: string | undefined;
  /** The message, its sender or a recipient needs SMTPUTF8 (RFC 6531). */
  readonly smtputf8: boolean;
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME';
  /** RFC 8689. */
  readonly requireTls: boolean;
  readonly sizeBytes: number;
  /** Opened when the peer is ready for the message; lines end with CRLF. */
  readonly content: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface EnvelopeRecipient {
  readonly address: string;
  /** RFC 3461 §4.1. */
  readonly notify: readonly string[] | undefined;
  /** RFC 3461 §4.2: `rfc822;` and xtext. */
  readonly orcpt: string | undefined;
}

/** Why the peer can't be given this message: a reply of ours, for all recipients. */
export function refusalOf(envelope: Envelope, offers: Capabilities, verifiedTls: boolean): PeerReply | undefined {
  if (envelope.requireTls && !(offers.requireTls && verifiedTls))
    return { code: 550, enhanced: '5.7.30', text: 'The server does not support REQUIRETLS' };
  const addresses = addressesOf(envelope);
  if (addresses.some((address) => /[\u0000-\u001f\u007f]/.test(address)))
    return { code: 553, enhanced: '5.1.3', text: 'An address has control characters' };
  // RFC 6531 §3.2.
  if (needsUtf8(envelope) && !offers.smtputf8)
    return { code: 553, enhanced: '5.6.7', text: 'The server does not support SMTPUTF8, which the message needs' };
  // RFC 1870 §6.2.
  if (offers.sizeBytes !== undefined && envelope.sizeBytes > offers.sizeBytes)
    return { code: 552, enhanced: '5.3.4', text: `The server takes at most ${offers.sizeBytes} bytes` };
  if (envelope.body === 'BINARYMIME' && !offers.binaryMime)
    return { code: 554, enhanced: '5.6.3', text: 'The server does not support BINARYMIME, which the message needs' };
  return undefined;
}

/** MAIL with the parameters that the peer offers. 8-bit content goes to peers without 8BITMIME as it is: few can't take it. */
export function mailCommand(envelope: Envelope, offers: Capabilities): string {
  let command = `MAIL FROM:<${envelope.sender}>`;
  if (offers.size) command += ` SIZE=${envelope.sizeBytes}`;
  if (envelope.body === 'BINARYMIME') command += ' BODY=BINARYMIME';
  else if (envelope.body === '8BITMIME' && offers.eightBitMime) command += ' BODY=8BITMIME';
  if (needsUtf8(envelope)) command += ' SMTPUTF8';
  if (envelope.requireTls) command += ' REQUIRETLS';
  if (offers.dsn && envelope.ret !== undefined) command += ` RET=${envelope.ret}`;
  if (offers.dsn && isWord(envelope.envid)) command += ` ENVID=${envelope.envid}`;
  return command;
}

export function rcptCommand(recipient: EnvelopeRecipient, offers: Capabilities): string {
  let command = `RCPT TO:<${recipient.address}>`;
  const notify = recipient.notify?.join(',');
  if (offers.dsn && isWord(notify)) command += ` NOTIFY=${notify}`;
  if (offers.dsn && isWord(recipient.orcpt)) command += ` ORCPT=${recipient.orcpt}`;
  return command;
}

function isWord(text: string | undefined): boolean {
  return text !== undefined && /^[^\u0000-\u0020\u007f]+$/.test(text);
}

function needsUtf8(envelope: Envelope): boolean {
  return envelope.smtputf8 || addressesOf(envelope).some((address) => /[^\u0000-\u007f]/.test(address));
}

function addressesOf(envelope: Envelope): string[] {
  return [envelope.sender, ...envelope.recipients.map((recipient) => recipient.address)];
}
