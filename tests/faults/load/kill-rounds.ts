import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SeededRandom } from '../../harness/seeded-random.ts';
import {
  choosePorts,
  runCommand,
  startTestServer,
  type TestPorts,
  type TestServer,
} from '../../harness/start-test-server.ts';
import type { PowerDisk } from './power-disk.ts';
import { ServerLoad } from './server-load.ts';

export interface KillRoundsOptions {
  readonly kills: number;
  readonly seed: number;
  /** The most changes that are waited for before a kill; one that is slow to make them is killed after some seconds. */
  readonly maxChanges: number;
  /** After each so many kills the directory is verified as the kill left it. */
  readonly verifyEach: number;
  /** The power goes too: what was not flushed is lost. */
  readonly disk?: PowerDisk;
}

const accounts = ['a0', 'a1', 'a2'];

/** Kills one server over and over under load. @throws at the first round after which something is wrong, with the seed */
export async function killRounds(options: KillRoundsOptions): Promise<{ acknowledged: number }> {
  const { kills, seed, maxChanges, verifyEach, disk } = options;
  const directory = await mkdtemp(join(disk?.path ?? tmpdir(), 'restante-kill-'));
  const random = new SeededRandom(seed);
  const load = new ServerLoad(random.between(0, 2 ** 32 - 1), accounts);
  const ports = await choosePorts();
  let server = await start(directory, ports);
  const config = join(directory, 'config');
  await disk?.flush(server.configPath, join(config, 'domains.yaml'), config, directory, disk.path);
  let round = 0;
  try {
    for (round = 1; round <= kills; round++) {
      const running = await load.start(server);
      // Most mistakes show where little has been done yet: short rounds are the more frequent.
      const changes = load.acknowledged + Math.ceil(maxChanges * random.next() ** 2);
      for (const end = Date.now() + 8000; load.acknowledged < changes && Date.now() < end; ) await wait(5);
      await wait(random.between(0, 50));
      const killed = server;
      const end = async (): Promise<void> => {
        await disk?.cut();
        await killed.kill();
        await disk?.restore();
      };
      expectNone(await running.end(end), 'refused under load');
      if (round % verifyEach === 0) await verify(server.dataDirectory);
      server = await start(directory, ports);
      expectNone(await load.check(server), `after the kill at ${changes} changes`);
    }
    await server.stop();
    await verify(server.dataDirectory);
  } catch (error) {
    await server.kill();
    throw new Error(`Round ${round} of RESTANTE_SEED=${seed}, data in ${directory}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  await rm(directory, { recursive: true });
  return { acknowledged: load.acknowledged };
}

async function start(directory: string, ports: TestPorts): Promise<TestServer> {
  return await startTestServer({ directory, ports, accounts });
}

function expectNone(problems: readonly string[], when: string): void {
  if (problems.length > 0) throw new Error(`${when}:\n${problems.slice(0, 40).join('\n')}`);
}

/** `restante verifydata` finds nothing to say of a directory, as it is. */
export async function verify(directory: string): Promise<void> {
  const { code, stdout, stderr } = await runCommand(['verifydata', directory]);
  if (code !== 0 || !/: OK, \d+ files?(?:, [\d.]+ \w+)?\n$/.test(stdout)) {
    throw new Error(`verifydata ends with ${code}: ${stdout}${stderr}`);
  }
}
