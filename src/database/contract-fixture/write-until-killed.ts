import { silentLog } from '../../runtime/log.ts';
import { createSqliteEngine } from '../sqlite/sqlite-engine.ts';
import { ledgerKind } from './operations.ts';

/** A program that writes without end, to be killed: says each acknowledged write in a line. Arguments: the databases' paths. */
const engine = createSqliteEngine({ log: silentLog });
const run = String(process.pid);
const ledgers = await Promise.all(process.argv.slice(2).map((path) => engine.open(ledgerKind, path)));
for (const ledger of ledgers) {
  for (let writer = 0; writer < 8; writer++) {
    void (async () => {
      for (let step = 0; ; step++) {
        const text = `${run} ${writer} ${step}`;
        await ledger.write('add', { text });
        process.stdout.write(`${ledger.path}\t${text}\n`);
      }
    })();
  }
}
