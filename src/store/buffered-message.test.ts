import { hash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BufferedMessage } from './buffered-message.ts';

const content = Buffer.from('Subject: Test\r\n\r\nHello\r\n');

async function bufferedMessage() {
  const directory = await mkdtemp(join(tmpdir(), 'restante-buffered-'));
  const buffered = { bytes: 0 };
  const message = new BufferedMessage(directory, content, buffered);
  return {
    message,
    buffered,
    directory,
    at: (name: string): string => join(directory, name),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

describe('a small message in memory', () => {
  it('is one file, read-only, however many want it at once', async () => {
    await using fixture = await bufferedMessage();
    const { message, at } = fixture;
    await Promise.all(['a', 'b', 'c'].map((name) => message.linkTo(at(name))));
    await message[Symbol.asyncDispose]();
    const [a, c] = await Promise.all([stat(at('a')), stat(at('c'))]);
    expect(a.ino).toBe(c.ino);
    expect([a.nlink, a.mode & 0o777]).toEqual([3, 0o400]);
    expect(await readFile(at('b'))).toEqual(content);
  });

  it('is written again when the first account has not kept it', async () => {
    await using fixture = await bufferedMessage();
    const { message, at } = fixture;
    await message.linkTo(at('a'));
    await unlink(at('a'));
    await message.linkTo(at('b'));
    expect(await readFile(at('b'))).toEqual(content);
  });

  it('that the first account cannot take is taken by the others', async () => {
    await using fixture = await bufferedMessage();
    const { message, at } = fixture;
    const results = await Promise.allSettled(['missing/a', 'b', 'c'].map((name) => message.linkTo(at(name))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect((await stat(at('b'))).nlink).toBe(2);
  });

  it('is written by somebody else once, and linked from there', async () => {
    await using fixture = await bufferedMessage();
    const { message, at } = fixture;
    const failing = message.writtenBy(at('a'), async () => {
      throw new Error('no room');
    });
    const meanwhile = message.linkTo(at('b'));
    await expect(failing).rejects.toThrow('no room');
    await meanwhile;
    expect(message.writtenBy(at('c'), async () => {})).toBeUndefined();
    await unlink(at('b'));
    await message.linkTo(at('b'));
    expect([...message.sha256]).toEqual([...hash('sha256', content, 'buffer')]);

    await using another = await bufferedMessage();
    const written = another.message.writtenBy(another.at('a'), (bytes) => writeFile(another.at('a'), bytes));
    const linked = another.message.linkTo(another.at('b'));
    await Promise.all([written, linked]);
    expect((await stat(another.at('b'))).nlink).toBe(2);
  });

  it('leaves memory for a file in tmp/, which goes when it is disposed of', async () => {
    await using fixture = await bufferedMessage();
    const { message, buffered, directory, at } = fixture;
    expect(buffered.bytes).toBe(content.length);
    await message.leaveMemory();
    expect(buffered.bytes).toBe(0);
    await message.linkTo(at('a'));
    expect(await readdir(directory)).toHaveLength(2);
    await message[Symbol.asyncDispose]();
    expect(await readdir(directory)).toEqual(['a']);
  });
});
