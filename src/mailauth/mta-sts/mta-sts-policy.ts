import { limits } from '../../runtime/limits.ts';

export interface MtaStsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none';
  /** Patterns, lower case: a host, or `*.` and what follows one label. At least one unless the mode is `none`. */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
}

/** What a policy host serves is no policy. */
export class MtaStsPolicyError extends Error {}

/**
 * Reads a policy as it is served. Unknown fields are left out; of a field given twice the first counts.
 * @throws MtaStsPolicyError
 * Source: RFC 8461 §3.2
 */
export function parseMtaStsPolicy(text: string): MtaStsPolicy {
  const fields = new Map<string, string>();
  const mx: string[] = [];
  const lines = text.split(/\r?\n/);
  for (const line of lines.slice(0, limits.mtaStsPolicyLines)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name === 'mx') mx.push(checkPattern(value.toLowerCase()));
    else if (!fields.has(name)) fields.set(name, value);
  }
  const version = fields.get('version');
  if (version !== 'STSv1') throw new MtaStsPolicyError(`its version is ${quoted(version)}, not "STSv1"`);
  const mode = fields.get('mode');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') {
    throw new MtaStsPolicyError(`its mode is ${quoted(mode)}, and none of enforce, testing and none`);
  }
  const age = fields.get('max_age');
  if (age === undefined || !/^\d{1,10}$/.test(age)) {
    throw new MtaStsPolicyError(`its max_age is ${quoted(age)}, and no number of seconds`);
  }
  if (mx.length === 0 && mode !== 'none') throw new MtaStsPolicyError('it names no mx');
  return { mode, mx, maxAgeSeconds: Math.min(Number(age), longestAgeSeconds) };
}

/** RFC 8461 §3.2: about a year. */
const longestAgeSeconds = 31_557_600;

/**
 * Whether a mail exchanger is one that the policy names.
 * @param host A-labels
 * Source: RFC 8461 §4.1
 */
export function isPolicyHost(host: string, { mx }: Pick<MtaStsPolicy, 'mx'>): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  const parent = name.slice(name.indexOf('.'));
  return mx.some((pattern) => (pattern.startsWith('*.') ? pattern.slice(1) === parent : pattern === name));
}

function checkPattern(pattern: string): string {
  if (
    /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(pattern)
  ) {
    if (pattern.length <= 255) return pattern;
  }
  throw new MtaStsPolicyError(`its mx ${quoted(pattern)} is no host name`);
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'missing' : JSON.stringify(text.slice(0, 100));
}
