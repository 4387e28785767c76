import { RestanteError } from '../runtime/errors.ts';

/** No server listens at the control socket. */
export class ServerNotRunningError extends RestanteError {
  constructor(path: string, cause?: unknown) {
    super('server-not-running', `Cannot reach the server at "${path}": it is not running`, {
      hint: 'Start it with "restante serve", or name the right configuration with --config FILE.',
      context: { path },
      cause,
    });
  }
}

/** A server listens at the control socket already: two must never write to one data directory. */
export class ServerRunningError extends RestanteError {
  constructor(path: string) {
    super('data-directory-locked', `Cannot use the data directory: a server is running, at "${path}"`, {
      hint: 'Stop it first with "restante stop".',
      context: { path },
    });
  }
}

/** The socket is there but not for this user. */
export class ControlAccessError extends RestanteError {
  constructor(path: string, cause: unknown) {
    super('control-access', `Cannot open the control socket "${path}": ${(cause as Error).message}`, {
      hint: 'Run the command as the user that the server runs as.',
      context: { path },
      cause,
    });
  }
}

/** Client and server speak different versions of the protocol. */
export class ControlVersionError extends RestanteError {
  constructor(server: unknown, client: unknown) {
    super(
      'control-version',
      `Cannot talk to the server: it speaks control protocol ${server}, this command ${client}`,
      {
        hint: 'Run the command of the version that is running, or restart the server with this one.',
      },
    );
  }
}

/** The other end broke the protocol, or went away before its answer. */
export class ControlProtocolError extends RestanteError {
  constructor(detail: string, cause?: unknown) {
    super('control-protocol', `Cannot finish the command: ${detail}`, {
      hint: 'See the log of the server; "restante version" shows whether it is running.',
      cause,
    });
  }
}

/** What the server answered: with its own code, message and hint. */
export class RemoteError extends RestanteError {}

/** The command, or its arguments, are not known. */
export class ControlRequestError extends RestanteError {
  constructor(detail: string) {
    super('control-request', `Cannot run the command: ${detail}`);
  }
}

/** The client went away, or somebody pressed Ctrl-C. */
export class InterruptedError extends RestanteError {
  constructor() {
    super('interrupted', 'Cannot finish: interrupted');
  }
}
