// npm run bench:backup [-- speed|latency|memory] [--messages N] [--accounts N] [--rounds N] [--dir DIR]
//
// speed:   the same store for all, on the same disk, files in the system's cache: Restante's backup, verification and restore, and what
//          cp, rsync, tar, restic and borg take for the same data directory. Medians of the rounds, and ratios. "flushed" is the time of
//          `sync -f` after a peer: Restante's times have that in them.
// latency: a delivery and an IMAP append while the server does nothing else, and while it takes backups.
// memory:  how much more a server needs while it takes a backup, and the peaks of verifydata and restore (--messages 1000000).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launcher, resultOf, startTestServer } from '../../harness/start-test-server.ts';
import { processTree } from '../process-tree.ts';
import { type MadeStore, makeStore } from './make-store.ts';
import { measureLatency } from './measure-latency.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: 'string', default: '100000' },
    accounts: { type: 'string', default: '10' },
    bytes: { type: 'string', default: '4096' },
    rounds: { type: 'string', default: '5' },
    dir: { type: 'string', default: join(tmpdir(), 'restante-bench-backup') },
  },
});
const size = {
  messages: Number(values.messages),
  accounts: Number(values.accounts),
  meanBytes: Number(values.bytes),
};
const rounds = Number(values.rounds);
const directory = join(values.dir, `${size.messages}-${size.accounts}-${size.meanBytes}`);
const out = join(values.dir, 'out');

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

/** @returns seconds */
function run(command: string, args: readonly string[], env: Record<string, string> = {}): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return (performance.now() - started) / 1000;
}

function has(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}

interface Row {
  readonly name: string;
  /** What it is compared with. */
  readonly against?: string;
  readonly times: number[];
  readonly flushed: number[];
}

class Table {
  readonly #rows = new Map<string, Row>();

  add(name: string, seconds: number, options: { against?: string; flush?: string } = {}): void {
    const row = this.#rows.get(name) ?? { name, against: options.against, times: [], flushed: [] };
    this.#rows.set(name, row);
    row.times.push(seconds);
    row.flushed.push(options.flush === undefined ? 0 : run('sync', ['-f', options.flush]));
  }

  print(title: string): void {
    console.log(`\n${title.padEnd(44)}${'seconds'.padStart(9)}${'flushed'.padStart(9)}${'ratio'.padStart(8)}`);
    for (const { name, against, times, flushed } of this.#rows.values()) {
      const other = against === undefined ? undefined : this.#rows.get(against);
      const ratio = other === undefined ? '' : `${(median(times) / median(other.times)).toFixed(2)} × ${against}`;
      const flush = median(flushed);
      console.log(
        `${name.padEnd(44)}${median(times).toFixed(2).padStart(9)}${(flush > 0 ? `+${flush.toFixed(2)}` : '').padStart(9)}   ${ratio}`,
      );
    }
  }
}

async function benchSpeed(store: MadeStore): Promise<void> {
  const data = join(store.directory, 'data');
  const config = ['--config', store.configPath];
  const restante = (...args: string[]): number => run(process.execPath, [launcher, ...args, ...config]);
  const table = new Table();
  const resticEnv = {
    RESTIC_PASSWORD: 'bench',
    RESTIC_REPOSITORY: join(out, 'restic'),
    RESTIC_CACHE_DIR: join(out, 'restic-cache'),
  };
  const borgEnv = {
    BORG_REPO: join(out, 'borg'),
    BORG_BASE_DIR: join(out, 'borg-base'),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
  };
  // What was read once is in memory: all find it there.
  run('sh', ['-c', `find ${data} -type f -exec cat {} + > /dev/null`]);
  run('sync', ['-f', values.dir]);
  const pauses: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Nothing is removed until the end: making files where others have just been removed is slow on ext4.
    const at = (name: string): string => join(out, `${name}-${round}`);
    table.add('cp -al', run('cp', ['-al', data, at('cp-al')]), { flush: out });
    table.add('restante backup --link', restante('backup', at('link')), { against: 'cp -al' });
    table.add('cp -a', run('cp', ['-a', data, at('cp-a')]), { flush: out });
    table.add('restante backup --copy', restante('backup', '--copy', at('copy')), { against: 'cp -a' });
    if (has('rsync'))
      table.add('rsync -a', run('rsync', ['-a', `${data}/`, at('rsync')]), { against: 'cp -a', flush: out });
    table.add('tar', run('tar', ['-cf', at('tar'), '-C', data, '.']), { against: 'cp -a', flush: out });
    const which = round === 0 ? 'first' : 'later';
    if (has('restic')) {
      if (round === 0) run('restic', ['init'], resticEnv);
      table.add(`restic backup, ${which} run`, run('restic', ['backup', '--quiet', data], resticEnv), {
        against: 'cp -a',
        flush: out,
      });
    }
    if (has('borg')) {
      if (round === 0) run('borg', ['init', '--encryption', 'none'], borgEnv);
      table.add(`borg create, ${which} run`, run('borg', ['create', `::r${round}`, data], borgEnv), {
        against: 'cp -a',
        flush: out,
      });
    }
    const find = (path: string): string => `find ${path} -type f -print0 | xargs -0 -P2 -n 1000 sha256sum > /dev/null`;
    table.add('sha256sum -P2 of a copied backup', run('sh', ['-c', find(at('copy'))]));
    table.add('restante verifydata of it', restante('verifydata', at('copy')), {
      against: 'sha256sum -P2 of a copied backup',
    });
    table.add('cp -a of a copied backup', run('cp', ['-a', at('copy'), at('cp-copy')]), { flush: out });
    table.add('restante restore of it', restante('restore', at('copy'), join(at('restored'), 'data')), {
      against: 'cp -a of a copied backup',
    });
    const tail = JSON.parse(
      readFileSync(join(at('link'), 'manifest.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .at(-1) ?? '{}',
    );
    pauses.push(tail.pauseMs);
  }
  table.print(`${size.messages} messages of ${size.meanBytes} bytes, ${size.accounts} accounts`);
  console.log(`writers were held for ${median(pauses).toFixed(1)} ms, ${Math.max(...pauses).toFixed(1)} ms at most`);
}

async function benchLatency(store: MadeStore): Promise<void> {
  await using server = await startTestServer({ directory: store.directory, ports: store.ports });
  const pauses: number[] = [];
  const take =
    (...args: string[]) =>
    async () => {
      const taken = await server.command('backup', '--json', ...args, join(out, `latency-${pauses.length}`));
      if (taken.code !== 0) throw new Error(taken.stderr);
      pauses.push(resultOf(taken).pauseMs);
    };
  await measureLatency(server, async () => await new Promise((resolve) => setTimeout(resolve, 3000)));
  console.log(
    `\n${'milliseconds'.padEnd(36)}${'SMTP median'.padStart(12)}${'p95'.padStart(8)}${'IMAP median'.padStart(14)}${'p95'.padStart(8)}`,
  );
  let idle: Awaited<ReturnType<typeof measureLatency>> | undefined;
  const quiet = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 10_000));
  for (const [name, work] of [
    ['idle', quiet],
    ['during backup --link', take('--link')],
    ['during backup --copy', take('--copy')],
    ['during backup --copy --bandwidth 20M', take('--copy', '--bandwidth', '20M')],
    ['during verifydata', async () => void (await server.command('verifydata'))],
  ] as const) {
    const found = await measureLatency(server, work);
    idle ??= found;
    const { smtp, imap } = found;
    const ratio = `${(smtp.median / idle.smtp.median).toFixed(2)} and ${(imap.median / idle.imap.median).toFixed(2)} × idle`;
    console.log(
      `${name.padEnd(36)}${smtp.median.toFixed(2).padStart(12)}${smtp.p95.toFixed(2).padStart(8)}${imap.median.toFixed(2).padStart(14)}${imap.p95.toFixed(2).padStart(8)}   ${ratio}`,
    );
  }
  console.log(`writers were held for ${pauses.map((ms) => ms.toFixed(1)).join(', ')} ms`);
}

/** Peak of a process and those below it since it was last asked, in bytes. */
function residentBytes(pid: number): number {
  return processTree(pid).reduce((sum, each) => {
    try {
      return sum + Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/status`, 'latin1'))?.[1] ?? 0) * 1024;
    } catch {
      return sum;
    }
  }, 0);
}

async function peakWhile(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = residentBytes(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid));
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return peak;
}

async function peakOf(...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let code: number | null = null;
  const peak = await peakWhile(child.pid!, async () => {
    code = await ended;
  });
  if (code !== 0) throw new Error(`restante ${args.join(' ')} ended with ${code}`);
  return peak;
}

async function benchMemory(store: MadeStore): Promise<void> {
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const backup = join(out, 'memory');
  {
    await using server = await startTestServer({ directory: store.directory, ports: store.ports });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const idle = residentBytes(server.pid);
    const peak = await peakWhile(server.pid, async () => {
      const taken = await server.command('backup', backup);
      if (taken.code !== 0) throw new Error(taken.stderr);
    });
    console.log(
      `\nserver, ${size.messages} messages: idle ${mebibytes(idle)} MiB, during a backup ${mebibytes(peak - idle)} MiB more`,
    );
  }
  console.log(`verifydata: ${mebibytes(await peakOf('verifydata', backup))} MiB at most`);
  console.log(
    `restore: ${mebibytes(await peakOf('restore', backup, join(out, 'memory-restored', 'data')))} MiB at most`,
  );
}

const benches = { speed: benchSpeed, latency: benchLatency, memory: benchMemory };
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
if (!existsSync(join(directory, 'made.json'))) console.log(`making ${size.messages} messages in ${directory}`);
const store = await makeStore(directory, size);
try {
  for (const [name, bench] of Object.entries(benches)) {
    if (positionals.includes(name) || (positionals.length === 0 && name === 'speed')) await bench(store);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
