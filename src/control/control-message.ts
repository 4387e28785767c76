/**
 * The control protocol: JSON lines over a unix socket in the data directory, one request a connection.
 *
 * server: hello · client: request, then input chunks if the command takes any · server: log, progress and output in any number and
 * order, then ok or error, and closes. A client that closes earlier cancels its request.
 */

/** Raised when an older client or server would misunderstand a newer one. */
export const controlProtocolVersion = 1;

/** Name of the socket in the data directory. */
export const controlSocketName = 'ctl';

export interface HelloMessage {
  type: 'hello';
  protocol: number;
  /** Version of the server. */
  software: string;
}

/** From client to server. `data` is base64. */
export type ClientMessage =
  | { type: 'request'; protocol: number; command: string; arguments: unknown }
  | { type: 'input'; data: string }
  | { type: 'inputEnd' };

export type LogSeverity = 'debug' | 'info' | 'warn' | 'error';

/** How far a long command is. What `done` and `total` count is named by `unit`. */
export interface Progress {
  step: string;
  done: number;
  total?: number;
  unit: string;
  /** Copied, of those expected. */
  bytes?: number;
  totalBytes?: number;
}

export interface LogMessage {
  type: 'log';
  level: LogSeverity;
  message: string;
  fields: Record<string, unknown>;
}

export interface ErrorMessage {
  type: 'error';
  code: string;
  message: string;
  hint?: string;
}

/** From server to client. `data` is base64. */
export type ServerMessage =
  | HelloMessage
  | LogMessage
  | ({ type: 'progress' } & Progress)
  | { type: 'output'; data: string }
  | { type: 'ok'; result: unknown }
  | ErrorMessage;

export function encodeMessage(message: ClientMessage | ServerMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** The object that a line holds, undefined when it is none. */
export function decodeMessage(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
