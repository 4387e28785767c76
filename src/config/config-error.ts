import { RestanteError } from '../runtime/errors.ts';

/** One thing that is wrong in a configuration file. */
export interface ConfigProblem {
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** Path of the key, such as `listeners.public.smtp.port`; empty for the file as a whole. */
  key: string;
  /** What was found and what is accepted. */
  message: string;
}

/** `file:line:column: key: message`, the form that editors and terminals make clickable. */
export function problemText(problem: ConfigProblem): string {
  const key = problem.key === '' ? '' : ` ${problem.key}:`;
  return `${problem.file}:${problem.line}:${problem.column}:${key} ${problem.message}`;
}

/** The configuration cannot be used: all problems found in it. */
export class ConfigError extends RestanteError {
  readonly problems: readonly ConfigProblem[];

  constructor(found: readonly ConfigProblem[]) {
    const problems = found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super('config-invalid', `Cannot use configuration: ${count}\n${problems.map(problemText).join('\n')}`, {
      hint: 'Mend the lines named above, then check them with "restante config test"; "restante config describe" shows every key.',
      context: { problems },
    });
    this.problems = problems;
  }
}

/** A configuration file is missing or cannot be read. */
export class ConfigFileError extends RestanteError {
  constructor(path: string, cause: unknown, hint: string) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const detail = missing ? 'it does not exist' : (cause as Error).message;
    super('config-unreadable', `Cannot read configuration "${path}": ${detail}`, { hint, context: { path }, cause });
  }
}
