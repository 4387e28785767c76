/**
 * The base of every error that a caller treats by its kind. A folder derives one class for each kind.
 *
 * `message` says the action first, values in quotes, a colon, then the detail; `hint` names the command that mends it and is shown
 * to operators only. What a network peer sees is never taken from here.
 */
export class RestanteError extends Error {
  /** Stable, for programs: kebab-case, never reused for another meaning. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    details: { hint?: string; context?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.context = details.context ?? {};
  }
}
