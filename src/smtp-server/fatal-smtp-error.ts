import { SmtpError } from '../smtp/smtp-error.ts';

/** A failure after which the connection can't go on: it is replied, and the connection closed. */
export class FatalSmtpError extends SmtpError {}
