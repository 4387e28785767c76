import { createReadStream } from 'node:fs';
import { link, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageStructure } from '../message/structure.ts';
import type { ReceivedFile, TemporaryFile } from './messages/received-file.ts';

/** A message in a flushed file in `tmp/`. */
export class WrittenMessage implements ReceivedFile {
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
  readonly structure: MessageStructure;
  readonly #temporaryDirectory: string;
  readonly #name: string;

  constructor(
    temporaryDirectory: string,
    name: string,
    sizeBytes: number,
    sha256: Uint8Array,
    structure: MessageStructure,
  ) {
    this.#temporaryDirectory = temporaryDirectory;
    this.#name = name;
    this.sizeBytes = sizeBytes;
    this.sha256 = sha256;
    this.structure = structure;
  }

  async linkTo(path: string): Promise<void> {
    await link(join(this.#temporaryDirectory, this.#name), path);
  }

  writtenBy(): undefined {
    return undefined;
  }

  async temporaryFile(): Promise<TemporaryFile> {
    return { path: this.#name, sizeBytes: this.sizeBytes, sha256: this.sha256 };
  }

  content(): AsyncIterable<Uint8Array> {
    return createReadStream(join(this.#temporaryDirectory, this.#name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What stays behind is removed at the next start.
    await unlink(join(this.#temporaryDirectory, this.#name)).catch(() => {});
  }
}
