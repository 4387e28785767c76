/**
 * A string with one character (U+0000 to U+00FF) for each byte, as it stood in the header, unfolded. `decodeHeaderText` turns it into
 * readable Unicode; `Buffer.from(text, 'latin1')` gives the bytes back.
 */
export type ByteText = string;

/** Names and values as they stood in the field, in order; RFC 2231 extensions (`name*0*`) are not resolved: see `parameterValue`. */
export type Parameters = readonly (readonly [name: string, value: ByteText])[];

export interface Disposition {
  /** Lower case, such as `attachment`. */
  type: string;
  params: Parameters;
}

/**
 * The envelope of RFC 9051 §7.5.2, each field its raw unfolded value. An absent field was not in the header. Of repeated fields, the
 * first counts; repeated To, Cc and Bcc are joined by commas (RFC 5322 §4.5.3).
 */
export interface EnvelopeFields {
  date?: ByteText;
  subject?: ByteText;
  from?: ByteText;
  sender?: ByteText;
  replyTo?: ByteText;
  to?: ByteText;
  cc?: ByteText;
  bcc?: ByteText;
  inReplyTo?: ByteText;
  messageId?: ByteText;
}

/**
 * One MIME part. All offsets are bytes from the start of the whole message. The header, with the empty line that ends it, is
 * `headerStart` to `bodyStart`; the body is `bodyStart` to `bodyEnd`, without the line end that belongs to the next boundary.
 */
export interface MessagePart {
  headerStart: number;
  bodyStart: number;
  bodyEnd: number;
  /** Line feeds in the body; counted for text and embedded messages (where IMAP asks for them), else 0. */
  lines: number;
  /**
   * Lower case, the type that this part is treated as: `text/plain` when the field is missing or invalid (RFC 2045 §5.2), and
   * `application/octet-stream` for what could be opened but isn't: limits, or an encoded embedded message.
   */
  type: string;
  subtype: string;
  params: Parameters;
  /** Content-Transfer-Encoding, lower case; absent means `7bit`. */
  encoding?: string;
  id?: ByteText;
  description?: ByteText;
  md5?: ByteText;
  disposition?: Disposition;
  language?: readonly string[];
  location?: ByteText;
  /** Exactly the parts with type `multipart` have this; it may be empty. */
  children?: MessagePart[];
  /** Exactly the parts with type `message/rfc822` and `message/global` have this. */
  message?: EmbeddedMessage;
}

export interface EmbeddedMessage {
  envelope: EnvelopeFields;
  /** Its header is the header of the embedded message. */
  root: MessagePart;
}

/** What one pass over a message finds out. Plain data: may go through JSON. */
export interface MessageStructure {
  /** Bytes of the whole message. */
  sizeBytes: number;
  /** Of the message itself. */
  envelope: EnvelopeFields;
  /** Raw References field, for threads. */
  references?: ByteText;
  /** Raw List-Id field: a sign of a mailing list. */
  listId?: ByteText;
  /** Raw Auto-Submitted field (RFC 3834 §5). */
  autoSubmitted?: ByteText;
  /** Number of Received fields, for the loop limit (RFC 5321 §6.3). */
  receivedCount: number;
  /** Number of From fields; RFC 5322 §3.6 demands exactly one. */
  fromCount: number;
  /** Its header is the message header: `bodyStart` is where the message body begins. */
  root: MessagePart;
}
