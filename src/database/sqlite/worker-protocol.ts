import { RestanteError } from '../../runtime/errors.ts';
import { DatabaseError } from '../database-error.ts';

/** What the engine sends to a write worker, several to a message. `id` names the request, `database` the open database. */
export type Request =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly database: number;
      readonly path: string;
      readonly module: string;
    }
  | {
      readonly kind: 'write';
      readonly id: number;
      readonly database: number;
      readonly name: string;
      readonly args: unknown;
    }
  /** Writes that came before are done first; the log is folded into the file. */
  | { readonly kind: 'close'; readonly id: number; readonly database: number }
  /** Folds the log of a database, open here or not, into its file. */
  | { readonly kind: 'checkpoint'; readonly id: number; readonly path: string }
  /** Answered when no transaction runs; none begins until `resume`. */
  | { readonly kind: 'pause'; readonly id: number }
  | { readonly kind: 'resume' };

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: EncodedError;
}

export interface Commit {
  readonly operations: number;
  readonly durationMs: number;
}

/** What a worker sends: answers, and how the transaction that they were part of went. */
export interface Answers {
  readonly answers: readonly Answer[];
  readonly commit?: Commit;
}

interface EncodedError {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
  readonly context: Record<string, unknown>;
  readonly stack?: string;
  /** Name, message and stack only. */
  readonly cause?: Error;
}

/** Structured clone keeps of an error neither its class nor its own fields. */
export function encodeError(error: RestanteError): EncodedError {
  const { code, name, message, hint, context, stack, cause } = error;
  return {
    code,
    name,
    message,
    context: cloneable(context),
    ...(hint !== undefined && { hint }),
    ...(stack !== undefined && { stack }),
    ...(cause instanceof Error && { cause: plainError(cause) }),
  };
}

export function decodeError(encoded: EncodedError): RestanteError {
  const { code, message, hint, context, cause } = encoded;
  const details = { context, ...(hint !== undefined && { hint }), ...(cause !== undefined && { cause }) };
  const error = code.startsWith('database-')
    ? new DatabaseError(code, message, details)
    : new RestanteError(code, message, details);
  error.name = encoded.name;
  if (encoded.stack !== undefined) error.stack = encoded.stack;
  return error;
}

function plainError(error: Error): Error {
  const plain = new Error(error.message);
  plain.name = error.name;
  if (error.stack !== undefined) plain.stack = error.stack;
  return plain;
}

function cloneable(context: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return structuredClone(context) as Record<string, unknown>;
  } catch {
    return Object.fromEntries(Object.entries(context).map(([key, value]) => [key, String(value)]));
  }
}
