import { createReadStream, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../database/durable-part.ts';
import { StructureParser } from '../message/structure-parser.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import { describeContent } from './content-facts.ts';
import { type FactsRow, factsColumns, rowOfFacts } from './facts-row.ts';
import { messageFilePath } from './message-files.ts';

/** Files up to this size are read in one go. */
const wholeBytes = 1024 * 1024;

interface FactsOptions {
  readonly account: string;
  readonly directory: string;
  readonly signal?: AbortSignal;
  readonly within: (path: string) => string;
}

/** Finds out again what the rows of contents say of their messages, and compares. */
export async function* checkFacts(
  reader: AccountDatabaseReader,
  contents: readonly { id: number; file_size: number }[],
  { account, directory, signal, within }: FactsOptions,
): AsyncGenerator<Finding> {
  for (const { id, file_size: sizeBytes } of contents) {
    signal?.throwIfAborted();
    const stored = await reader.first<FactsRow & { prefix: Uint8Array }>(
      `SELECT ${factsColumns.join(', ')}, prefix FROM contents WHERE id = ?`,
      [id],
    );
    const path = messageFilePath(id);
    let found: FactsRow;
    try {
      const file = join(directory, path);
      // Small ones at once: no client waits for this thread.
      found = rowOfFacts(
        sizeBytes <= wholeBytes
          ? factsOfBytes(readFileSync(file), stored!.prefix)
          : await factsOfFile(file, sizeBytes, stored!.prefix),
      );
    } catch (error) {
      // A server at work may have erased it since; else comparing the file has named it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    const differing = factsColumns.filter((column) => stored![column] !== found[column]);
    if (differing.length === 0) continue;
    const what = differing.map((column) => names[column] ?? column).join(', ');
    yield {
      severity: 'error',
      code: 'message-facts-differ',
      message: `Account "${account}": what is stored of message file "${within(path)}" is not what it holds: ${what}`,
      path: within(path),
      account,
      hint: `restante reparse ${account}`,
    };
  }
}

const names: Partial<Record<keyof FactsRow, string>> = {
  envelope: 'ENVELOPE',
  body_structure: 'BODYSTRUCTURE',
  message_id: 'Message-ID',
};

/** Parses a message file. @param prefix headers that come before it */
export async function factsOfFile(path: string, sizeBytes: number, prefix: Uint8Array) {
  if (sizeBytes <= wholeBytes) return factsOfBytes(await readFile(path), prefix);
  const parser = new StructureParser();
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) parser.push(chunk);
  return describeContent(parser.finish(), prefix);
}

function factsOfBytes(bytes: Uint8Array, prefix: Uint8Array) {
  const parser = new StructureParser();
  parser.push(bytes);
  return describeContent(parser.finish(), prefix);
}
