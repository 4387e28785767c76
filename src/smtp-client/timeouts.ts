/** RFC 5321 §4.5.3.2, all in milliseconds. */
export interface SmtpTimeouts {
  /** TCP connection to one address. Not in the RFC; an address without host behind it shouldn't hold the others up. */
  connect: number;
  /** TLS handshake. */
  handshake: number;
  /** §4.5.3.2.1: the greeting. */
  greeting: number;
  /** EHLO, STARTTLS, AUTH, RSET: as MAIL. */
  command: number;
  /** §4.5.3.2.2. */
  mail: number;
  /** §4.5.3.2.3. */
  recipient: number;
  /** §4.5.3.2.4: until 354. */
  dataStart: number;
  /** §4.5.3.2.5: until the peer takes more of the message. */
  dataBlock: number;
  /** §4.5.3.2.6: until the reply to the whole message. */
  dataEnd: number;
  /** QUIT: nothing depends on its reply. */
  quit: number;
}

const minute = 60_000;

export const standardTimeouts: SmtpTimeouts = {
  connect: 30_000,
  handshake: minute,
  greeting: 5 * minute,
  command: 5 * minute,
  mail: 5 * minute,
  recipient: 5 * minute,
  dataStart: 2 * minute,
  dataBlock: 3 * minute,
  dataEnd: 10 * minute,
  quit: 2_000,
};
