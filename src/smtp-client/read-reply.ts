import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import type { WireReader } from '../runtime/wire-reader.ts';
import { parseReplyLine, type Reply, replyOf } from '../smtp/reply.ts';

/** What came is no SMTP reply. */
export class BadReplyError extends RestanteError {
  constructor(detail: string) {
    super('smtp-reply-malformed', `Cannot read SMTP reply: ${detail}`);
  }
}

/**
 * Reads one reply, of one line or several.
 * @param timeoutMs for the whole of it
 * @throws BadReplyError, and what WireReader throws
 * Source: RFC 5321 §4.2.1
 */
export async function readReply(reader: WireReader, timeoutMs: number): Promise<Reply> {
  const texts: string[] = [];
  let code: number | undefined;
  const until = performance.now() + timeoutMs;
  while (texts.length < limits.smtpReplyLines) {
    const line = await reader.readLine(limits.smtpReplyLineBytes, Math.max(1, until - performance.now()));
    const parsed = parseReplyLine(line.toString().replace(/\r?\n$/, ''));
    if (parsed === undefined) throw new BadReplyError(`"${line.toString('latin1', 0, 100).trim()}" is no line of one`);
    code ??= parsed.code;
    if (parsed.code !== code) throw new BadReplyError(`its lines have different codes, ${code} and ${parsed.code}`);
    texts.push(parsed.text);
    if (parsed.last) return replyOf(code, texts);
  }
  throw new BadReplyError(`it has more than ${limits.smtpReplyLines} lines`);
}
