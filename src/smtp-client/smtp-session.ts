import { TLSSocket } from 'node:tls';
import type { TlsFault } from '../mailauth/tls-report/tls-result.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Capabilities } from './capabilities.ts';
import type { Channel } from './channel.ts';
import { type Envelope, mailCommand, rcptCommand, refusalOf } from './envelope.ts';
import { type PeerReply, peerReply } from './peer-reply.ts';
import { sendChunks, sendData } from './send-content.ts';
import type { SmtpTimeouts } from './timeouts.ts';

interface Opened {
  mail: Reply;
  /** In the order of the recipients; missing where MAIL was refused and RCPT wasn't sent. */
  recipients: Reply[];
  /** To DATA; undefined where DATA wasn't sent. */
  data: Reply | undefined;
}

/** A session that is ready for messages, one after the other. */
export class SmtpSession {
  readonly offers: Capabilities;
  /** TLS with a certificate that was proven to be the host's. */
  readonly verifiedTls: boolean;
  /** Why no authority stands for the server's name in this session; undefined when one does. */
  readonly certificateFault: TlsFault | undefined;
  readonly #channel: Channel;
  readonly #timeouts: SmtpTimeouts;
  /** A transaction was begun and not ended by the peer's reply to a message. */
  #unfinished = false;

  constructor(
    channel: Channel,
    offers: Capabilities,
    tls: { readonly verified: boolean; readonly certificateFault: TlsFault | undefined },
    timeouts: SmtpTimeouts,
  ) {
    this.#channel = channel;
    this.offers = offers;
    this.verifiedTls = tls.verified;
    this.certificateFault = tls.certificateFault;
    this.#timeouts = timeouts;
  }

  /** Whether the session is encrypted, and how. */
  get tls(): { protocol: string; cipher: string } | undefined {
    const { socket } = this.#channel;
    if (!(socket instanceof TLSSocket)) return undefined;
    return { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().name };
  }

  get host(): string {
    return this.#channel.host;
  }

  /**
   * Sends one message in one mail transaction.
   * @returns a reply for each recipient, in order: the one that decided
   * @throws SmtpSessionError when the session is over before the final reply; what reading the content throws; the signal's reason
   * Source: RFC 5321 §3.3
   */
  send(envelope: Envelope, signal?: AbortSignal): Promise<readonly PeerReply[]> {
    const refusal = refusalOf(envelope, this.offers, this.verifiedTls);
    if (refusal) return Promise.resolve(envelope.recipients.map(() => refusal));
    return this.#channel.within(signal, () => this.#transaction(envelope));
  }

  /** QUIT, with little patience for the answer. */
  async close(): Promise<void> {
    if (!this.#channel.hasNews) await this.#channel.command('QUIT', this.#timeouts.quit).catch(() => {});
    this.#channel.destroy();
  }

  async #transaction(envelope: Envelope): Promise<readonly PeerReply[]> {
    await this.#prepare();
    this.#unfinished = true;
    const chunked = envelope.body === 'BINARYMIME';
    const opened = this.offers.pipelining
      ? await this.#openAtOnce(envelope, !chunked)
      : await this.#openStepwise(envelope, !chunked);
    const { mail, recipients, data } = opened;
    const replyOf = (reply: Reply): PeerReply => peerReply(unexpected(reply) ?? reply, this.host);
    if (!isPositive(mail)) {
      if (data?.code === 354) await this.#endNothing();
      return envelope.recipients.map(() => replyOf(mail));
    }
    const accepted = recipients.some(isPositive);
    let decision: Reply | undefined;
    if (!accepted) {
      if (data?.code === 354) await this.#endNothing();
    } else if (chunked) decision = await sendChunks(this.#channel, envelope.content(), this.#timeouts);
    else if (data?.code === 354) decision = await sendData(this.#channel, envelope.content(), this.#timeouts);
    else decision = data && notStarted(data);
    if (decision && (isPositive(decision) || data?.code === 354)) this.#unfinished = false;
    return recipients.map((reply) => replyOf(isPositive(reply) && decision ? decision : reply));
  }

  /** Hears what the peer said since the last transaction, and clears what that left. */
  async #prepare(): Promise<void> {
    const { command } = this.#timeouts;
    // Nobody asked: the peer closes, mostly with 421 for a session that was idle too long.
    if (this.#channel.hasNews) throw this.#channel.refuse(await this.#channel.reply(command));
    if (!this.#unfinished) return;
    const reply = await this.#channel.command('RSET', command);
    if (!isPositive(reply)) throw this.#channel.refuse(reply);
    this.#unfinished = false;
  }

  /** RFC 2920 §3.1: all commands together, DATA last. */
  async #openAtOnce(envelope: Envelope, withData: boolean): Promise<Opened> {
    const commands = [mailCommand(envelope, this.offers)];
    for (const recipient of envelope.recipients) commands.push(rcptCommand(recipient, this.offers));
    if (withData) commands.push('DATA');
    this.#channel.write(`${commands.join('\r\n')}\r\n`);
    const mail = await this.#channel.reply(this.#timeouts.mail);
    const recipients: Reply[] = [];
    for (const _ of envelope.recipients) recipients.push(await this.#channel.reply(this.#timeouts.recipient));
    const data = withData ? await this.#channel.reply(this.#timeouts.dataStart) : undefined;
    this.#channel.log.debug({ mail: mail.code, recipients: recipients.map(codeOf), data: data?.code }, 'transaction');
    return { mail, recipients, data };
  }

  async #openStepwise(envelope: Envelope, withData: boolean): Promise<Opened> {
    const mail = await this.#channel.command(mailCommand(envelope, this.offers), this.#timeouts.mail);
    if (!isPositive(mail)) return { mail, recipients: [], data: undefined };
    const recipients: Reply[] = [];
    for (const recipient of envelope.recipients)
      recipients.push(await this.#channel.command(rcptCommand(recipient, this.offers), this.#timeouts.recipient));
    const data =
      withData && recipients.some(isPositive)
        ? await this.#channel.command('DATA', this.#timeouts.dataStart)
        : undefined;
    return { mail, recipients, data };
  }

  /** RFC 2920 §3.1: a peer that said 354 though it has no recipient gets an empty message, which it must refuse. */
  async #endNothing(): Promise<void> {
    await this.#channel.command('.', this.#timeouts.dataEnd);
  }
}

function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

function codeOf(reply: Reply): number {
  return reply.code;
}

/** A peer that says 2xx to DATA has no message yet: nothing is accepted. */
function notStarted(data: Reply): Reply {
  return isPositive(data)
    ? { code: 451, enhancedCode: '4.5.0', lines: ['The server did not ask for the message'] }
    : data;
}

/** 3xx where none may be: the peer isn't in the state that we think. Temporary. */
function unexpected(reply: Reply): Reply | undefined {
  if (reply.code < 300 || reply.code >= 400) return undefined;
  return { code: 451, enhancedCode: '4.5.0', lines: [`The server answered ${reply.code}: ${reply.lines.join(' ')}`] };
}
