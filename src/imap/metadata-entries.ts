import type { ByteText } from '../message/structure.ts';
import type { ArgumentParser } from './argument-parser.ts';

/** What GETMETADATA is to tell. */
export interface MetadataQuery {
  /** In lower case, as names have no case. */
  readonly entries: readonly string[];
  readonly maxSizeBytes: number;
  /** Levels below the entries that are told too. */
  readonly depth: number;
}

/** An entry and what it is to be; NIL takes it away. */
export interface MetadataValue {
  readonly entry: string;
  readonly value: ByteText | undefined;
}

/** Levels that a name must have to hold a value: `/shared/vendor` and `/private/vendor` are followed by who it is and a name. */
const leastLevels = 2;
const leastVendorLevels = 4;

/**
 * Parses `[options] mailbox [options] entries`: the examples of the RFC have the options where its grammar doesn't.
 * @throws ImapSyntaxError
 * Source: RFC 5464 §4.2, §5
 */
export function parseGetMetadata(args: ArgumentParser): { mailbox: ByteText; query: MetadataQuery } {
  const options = { maxSizeBytes: Number.POSITIVE_INFINITY, depth: 0 };
  args.space();
  if (args.peek() === '(') {
    parseOptions(args, options);
    args.space();
  }
  const mailbox = args.astring();
  args.space();
  if (/^\([A-Za-z]/.test(args.rest)) {
    parseOptions(args, options);
    args.space();
  }
  const entries = parseEntries(args);
  args.end();
  return { mailbox, query: { entries, ...options } };
}

function parseOptions(args: ArgumentParser, options: { maxSizeBytes: number; depth: number }): void {
  args.list(() => {
    const name = args.word();
    args.space();
    if (name === 'MAXSIZE') options.maxSizeBytes = args.number();
    else if (name === 'DEPTH') {
      const depth = args.word();
      if (depth !== '0' && depth !== '1' && depth !== 'INFINITY') args.fail('DEPTH is 0, 1 or infinity');
      options.depth = depth === 'INFINITY' ? Number.POSITIVE_INFINITY : Number(depth);
    } else args.fail('Unknown option of GETMETADATA');
  }, 1);
}

/** One entry, or several in parentheses. Source: RFC 5464 §5 */
export function parseEntries(args: ArgumentParser): string[] {
  if (args.peek() !== '(') return [parseEntry(args, 1)];
  const entries: string[] = [];
  args.list(() => entries.push(parseEntry(args, 1)), 1);
  return entries;
}

/** Source: RFC 5464 §4.3, §5 */
export function parseEntryValues(args: ArgumentParser): MetadataValue[] {
  const values: MetadataValue[] = [];
  args.list(() => {
    const entry = parseEntry(args, leastLevels);
    args.space();
    values.push({ entry, value: args.nstring() });
  }, 1);
  return values;
}

/** RFC 5464 §3.2: what is no name of an entry makes the command BAD. */
function parseEntry(args: ArgumentParser, levelsNeeded: number): string {
  const entry = args.astring().toLowerCase();
  if (!/^\/(?:shared|private)(?:\/|$)/.test(entry)) args.fail('Entries begin with /shared or /private');
  if (/[\x00-\x19\x7f-\xff*%]|\/\/|\/$/.test(entry)) args.fail('Invalid entry name');
  const levels = entry.split('/').length - 1;
  const least = /^\/\w+\/vendor(?:\/|$)/.test(entry) ? leastVendorLevels : leastLevels;
  if (levelsNeeded > 1 && levels < least) args.fail('Entry name is too short');
  return entry;
}
