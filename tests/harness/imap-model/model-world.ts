import type { SeededRandom } from '../seeded-random.ts';
import type { AccountFacts } from './account-facts.ts';
import type { CheckedSession } from './checked-session.ts';

/** What the sessions of one run share. */
export interface ModelWorld {
  readonly facts: AccountFacts;
  /** Names that sessions select, create, rename and delete. Some of them don't exist at times. */
  readonly names: readonly string[];
  /** Adds one to the messages made, and names the new one. */
  nextKey(): string;
}

/** One thing that a client may do. New commands are tried by adding to the list of these. */
export interface ModelAction {
  readonly weight: number;
  /** `selected` is left out when nothing is; `filled` when nothing is in it, too. */
  readonly when: 'logged-in' | 'selected' | 'filled';
  run(session: CheckedSession, random: SeededRandom, world: ModelWorld): Promise<void>;
}

const flags = ['\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '\\Draft', 'red', 'blue', '$Forwarded'];

/** Some flags, seldom a keyword that nobody has used before. */
export function someFlags(random: SeededRandom): string[] {
  if (random.chance(0.05)) return [`new${random.between(1, 40)}`];
  return random.some(flags, 2);
}

/** A message that says its key, in one of some forms. */
export function modelMessage(key: string, random: SeededRandom): string {
  const header = `Subject: ${key}\r\nFrom: A <a@example.org>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n`;
  const text = `Text of ${key}\r\n`.repeat(random.between(0, 20));
  if (random.chance(0.7)) return `${header}\r\n${text}`;
  const part = `--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n`;
  return `${header}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${part}${part}--b--\r\n`;
}
