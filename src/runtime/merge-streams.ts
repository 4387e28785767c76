/**
 * Items of several streams as they come, those of one in their order. Few streams are under way at once, and none runs ahead by more than
 * one item.
 */
export async function* mergeStreams<Item>(
  streams: Iterable<AsyncGenerator<Item>>,
  atOnce: number,
): AsyncGenerator<Item> {
  const waiting = streams[Symbol.iterator]();
  const running = new Map<AsyncGenerator<Item>, Promise<Arrived<Item>>>();
  const startNext = (): void => {
    const next = waiting.next();
    if (next.done !== true) running.set(next.value, arrivalOf(next.value));
  };
  try {
    for (let count = 0; count < atOnce; count++) startNext();
    while (running.size > 0) {
      const { stream, result } = await Promise.race(running.values());
      if (result.done === true) {
        running.delete(stream);
        startNext();
        continue;
      }
      // Last in the race: one that is always quick holds no other back.
      running.delete(stream);
      running.set(stream, arrivalOf(stream));
      yield result.value;
    }
  } finally {
    // Each frees what it holds, whatever becomes of the others.
    await Promise.allSettled(running.values());
    await Promise.allSettled([...running.keys()].map((stream) => stream.return(undefined)));
  }
}

interface Arrived<Item> {
  readonly stream: AsyncGenerator<Item>;
  readonly result: IteratorResult<Item>;
}

async function arrivalOf<Item>(stream: AsyncGenerator<Item>): Promise<Arrived<Item>> {
  return { stream, result: await stream.next() };
}
