import { parseArgs } from 'node:util';

/** What of the benchmark is wanted. */
export interface BenchOptions {
  /** Whether a line with that name is wanted. */
  wants(name: string): boolean;
  readonly messages: readonly number[];
  readonly sessions: readonly number[];
  readonly rounds: number;
  readonly listeners: number;
  readonly idle: number;
  readonly only: 'restante' | 'dovecot' | undefined;
  readonly profile: string | undefined;
  /** Where filled mailboxes are kept from one run to the next, in a directory of each number of messages. */
  readonly keep: string | undefined;
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}

export function benchOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      full: { type: 'boolean', default: false },
      lines: { type: 'string' },
      messages: { type: 'string' },
      sessions: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      listeners: { type: 'string', default: '500' },
      idle: { type: 'string' },
      only: { type: 'string' },
      profile: { type: 'string' },
      keep: { type: 'string' },
    },
  });
  const { full, lines, only } = values;
  if (only !== undefined && only !== 'restante' && only !== 'dovecot') {
    throw new Error(`Cannot measure "${only}" only: restante or dovecot expected`);
  }
  const wanted = lines?.toLowerCase().split(',');
  return {
    wants: (name) => wanted === undefined || wanted.some((part) => name.toLowerCase().includes(part)),
    messages: numbers(values.messages ?? (full ? '5000,200000' : '5000')),
    sessions: numbers(values.sessions ?? (full ? '1,20,200' : '1,20')),
    rounds: Number(values.rounds),
    listeners: Number(values.listeners),
    idle: Number(values.idle ?? (full ? '10000' : '2000')),
    only,
    profile: values.profile,
    keep: values.keep,
  };
}
