import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headerSummary } from './header-summary.ts';
import { contentChunks, type MessageContent, readHeader } from './message-content.ts';

async function withContent(
  prefix: string,
  file: string,
  use: (content: MessageContent) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-content-'));
  try {
    const path = join(directory, 'message');
    await writeFile(path, file);
    await use({ prefix: Buffer.from(prefix), path, sizeBytes: Buffer.byteLength(file) });
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function read(content: MessageContent): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(contentChunks(content)));
}

describe('the content of a queued message', () => {
  it.each([0, 1, 1000, 256 * 1024, 600_000])('is prefix and file, of %i bytes', async (size) => {
    const file = 'x'.repeat(size);
    await withContent('A: b\r\n', file, async (content) => {
      expect((await read(content)).toString()).toBe(`A: b\r\n${file}`);
    });
  });

  it('is an error when the file has been cut off', async () => {
    await withContent('', 'abc', async (content) => {
      await expect(read({ ...content, sizeBytes: 4 })).rejects.toThrow('too short');
    });
  });

  it('has a header that ends at the empty line, or with the last whole line within the limit', async () => {
    await withContent('A: b\r\n', 'C: d\r\n\r\nbody\r\n\r\n', async (content) => {
      expect((await readHeader(content, 1000)).toString()).toBe('A: b\r\nC: d\r\n\r\n');
      expect((await readHeader(content, 14)).toString()).toBe('A: b\r\nC: d\r\n\r\n');
      expect((await readHeader(content, 11)).toString()).toBe('A: b\r\n');
    });
    await withContent('', 'A: b', async (content) => {
      expect((await readHeader(content, 1000)).toString()).toBe('A: b');
    });
  });

  it('is summed up by subject and Message-ID, cut to what is worth showing', () => {
    const header = Buffer.from(`SUBJECT: Grüße\r\n aus\tX\r\nMessage-Id: <a@b>\r\nSubject: other\r\n\r\n`);
    expect(headerSummary(header)).toEqual({
      subject: 'Grüße aus\tX',
      messageIdHeader: 'a@b',
      isTlsOptional: false,
    });
    expect(headerSummary(Buffer.from('x'))).toEqual({ subject: '', messageIdHeader: '', isTlsOptional: false });
    expect(headerSummary(Buffer.from('tls-required:  NO \r\n')).isTlsOptional).toBe(true);
    expect(headerSummary(Buffer.from('TLS-Required: Yes\r\n')).isTlsOptional).toBe(false);
    expect(headerSummary(Buffer.from(`Subject: ${'x'.repeat(1000)}`)).subject).toHaveLength(200);
  });
});
