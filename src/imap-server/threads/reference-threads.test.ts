import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from '../pace.ts';
import { Forest } from './forest.ts';
import { formatThreads } from './format-threads.ts';
import { threadByReferences } from './reference-threads.ts';
import { ThreadColumns } from './thread-columns.ts';

interface Mail {
  readonly messageId: number | undefined;
  readonly references: readonly number[];
}

async function format(mails: readonly Mail[]): Promise<string> {
  const columns = new ThreadColumns();
  for (const { messageId, references } of mails) {
    columns.add({
      messageId: messageId === undefined ? undefined : messageId * 32,
      references: references.map((id) => id * 32),
      subject: '',
      isReply: false,
    });
  }
  const order = Uint32Array.from(mails.keys());
  const parents = await threadByReferences(columns, Int32Array.from(order), order, new Pace());
  const numbers = order.map((at) => at + 1);
  return (await formatThreads(parents, order, numbers, new Pace())).toString();
}

interface Container {
  message?: number;
  parent?: Container;
  children: Container[];
}

/** RFC 5256 §3, steps 1 to 4, word for word. */
function slowly(mails: readonly Mail[]): string {
  const table = new Map<number, Container>();
  const all: Container[] = [];
  const make = (): Container => {
    const container: Container = { children: [] };
    all.push(container);
    return container;
  };
  const isBelow = (one: Container | undefined, other: Container): boolean =>
    one !== undefined && (one === other || isBelow(one.parent, other));
  const link = (child: Container, parent: Container): void => {
    if (isBelow(parent, child)) return;
    child.parent = parent;
    parent.children.push(child);
  };
  mails.forEach(({ messageId, references }, message) => {
    let above: Container | undefined;
    for (const id of references) {
      const container = table.get(id) ?? make();
      table.set(id, container);
      if (above !== undefined && container.parent === undefined) link(container, above);
      above = container;
    }
    let own = messageId === undefined ? undefined : table.get(messageId);
    if (own === undefined || own.message !== undefined) {
      const isFirst = own === undefined && messageId !== undefined;
      own = make();
      if (isFirst) table.set(messageId, own);
    }
    own.message = message;
    if (own.parent !== undefined) own.parent.children = own.parent.children.filter((child) => child !== own);
    delete own.parent;
    if (above !== undefined) link(own, above);
  });
  const pruned = (containers: readonly Container[], top: boolean): Container[] =>
    containers.flatMap((container) => {
      const children = pruned(container.children, false);
      if (container.message !== undefined) return [{ ...container, children }];
      return top && children.length > 1 ? [{ children }] : children;
    });
  const date = (container: Container): number => container.message ?? Math.min(...container.children.map(date));
  const text = ({ message, children }: Container): string => {
    const sorted = children.toSorted((one, other) => date(one) - date(other));
    const number = message === undefined ? '' : String(message + 1);
    if (sorted.length === 1) return `${number} ${text(sorted[0]!)}`;
    const inner = sorted.map((child) => `(${text(child)})`).join('');
    return inner === '' || number === '' ? number + inner : `${number} ${inner}`;
  };
  const tops = pruned(
    all.filter(({ parent }) => parent === undefined),
    true,
  );
  return tops
    .toSorted((one, other) => date(one) - date(other))
    .map((top) => `(${text(top)})`)
    .join('');
}

describe('threads by references', () => {
  it('are those of the algorithm as it is written', async () => {
    const id = fc.integer({ min: 1, max: 12 });
    const mail = fc
      .record({ messageId: fc.option(id, { nil: undefined }), references: fc.uniqueArray(id, { maxLength: 6 }) })
      .map(({ messageId, references }) => ({ messageId, references: references.filter((one) => one !== messageId) }));
    await fc.assert(
      fc.asyncProperty(fc.array(mail, { maxLength: 14 }), async (mails) => {
        expect(await format(mails)).toBe(slowly(mails));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['in order', 'in reverse', 'from both ends'])(
    'of 100,000 messages that answer each other, %s',
    async (order) => {
      const count = 100_000;
      const places = Array.from({ length: count }, (_, at) => {
        if (order === 'in order') return at;
        if (order === 'in reverse') return count - 1 - at;
        return at % 2 === 0 ? at / 2 : count - 1 - (at - 1) / 2;
      });
      const text = await format(places.map((id) => ({ messageId: id, references: id === 0 ? [] : [id - 1] })));
      const expected = new Array<number>(count);
      for (const [at, id] of places.entries()) expected[id] = at + 1;
      expect(text).toBe(`(${expected.join(' ')})`);
    },
  );

  it('know their roots while they are cut and linked', () => {
    const nodes = 9;
    const change = fc.record({ child: fc.nat(nodes - 1), parent: fc.nat(nodes - 1), cut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const forest = new Forest(nodes);
        const parents = Array.from({ length: nodes }, () => -1);
        for (const { child, parent, cut } of changes) {
          if (cut || parents[child] !== -1) {
            forest.cut(child);
            parents[child] = -1;
            continue;
          }
          let root = parent;
          while (parents[root] !== -1) root = parents[root]!;
          expect(forest.link(child, parent)).toBe(root !== child);
          if (root !== child) parents[child] = parent;
        }
        expect(parents.map((_, node) => forest.parent(node))).toEqual(parents);
      }),
      { numRuns: 1000 },
    );
  });
});
