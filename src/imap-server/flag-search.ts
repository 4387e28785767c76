import type { SearchKey } from '../imap/search-keys.ts';
import { flagBit } from '../store/flags.ts';

/** @returns whether a message with some flags matches; undefined when a key asks for more than flags that are bits */
export function flagBitsTest(key: SearchKey): ((bits: number) => boolean) | undefined {
  switch (key.kind) {
    case 'all':
      return () => true;
    case 'none':
      return () => false;
    case 'flag': {
      const bit = flagBit(key.flag);
      if (bit === undefined) return undefined;
      const wanted = key.set ? bit : 0;
      return (bits) => (bits & bit) === wanted;
    }
    case 'not': {
      const test = flagBitsTest(key.key);
      return test === undefined ? undefined : (bits) => !test(bits);
    }
    case 'and':
    case 'or': {
      const tests: ((bits: number) => boolean)[] = [];
      for (const inner of key.keys) {
        const test = flagBitsTest(inner);
        if (test === undefined) return undefined;
        tests.push(test);
      }
      return key.kind === 'and'
        ? (bits) => tests.every((test) => test(bits))
        : (bits) => tests.some((test) => test(bits));
    }
    default:
      return undefined;
  }
}
