import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mergeStreams } from './merge-streams.ts';

describe('merged streams', () => {
  it('give all items, those of one stream in order, few streams at once', async () => {
    let open = 0;
    let mostOpen = 0;
    async function* stream(name: string, count: number): AsyncGenerator<string> {
      mostOpen = Math.max(mostOpen, ++open);
      for (let at = 0; at < count; at++) {
        await sleep(at % 3);
        yield `${name}${at}`;
      }
      open--;
    }
    const streams = ['a', 'b', 'c', 'd', 'e'].map((name, at) => stream(name, at * 3));
    const items = await Array.fromAsync(mergeStreams(streams, 2));
    expect(items).toHaveLength(30);
    for (const name of 'bcde') {
      const own = items.filter((item) => item.startsWith(name));
      expect(own).toEqual(own.map((_, at) => `${name}${at}`));
    }
    expect(mostOpen).toBe(2);
  });

  it('end all streams when one fails, or when no more is wanted', async () => {
    const ended: string[] = [];
    async function* stream(name: string, fails: boolean): AsyncGenerator<string> {
      try {
        yield name;
        if (fails) throw new Error('broken');
        for (;;) yield name;
      } finally {
        ended.push(name);
      }
    }
    await expect(Array.fromAsync(mergeStreams([stream('a', false), stream('b', true)], 2))).rejects.toThrow('broken');
    expect(ended.sort()).toEqual(['a', 'b']);
    ended.length = 0;
    for await (const _ of mergeStreams([stream('a', false), stream('b', false)], 2)) break;
    expect(ended.sort()).toEqual(['a', 'b']);
  });
});
