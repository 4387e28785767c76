import type { DatabaseKind } from '../database/engine.ts';
import type { operations } from './operations.ts';

export const junkDatabase: DatabaseKind<unknown, typeof operations> = {
  name: 'junk filter',
  module: new URL('./operations.ts', import.meta.url),
};
