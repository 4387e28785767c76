import { silentLog } from '../../runtime/log.ts';
import { describeEngine } from '../engine.contract.ts';
import { createSqliteEngine } from './sqlite-engine.ts';

describeEngine('SQLite', () => createSqliteEngine({ log: silentLog }));
