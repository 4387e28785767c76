import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { choosePorts, launcher, startTestServer, type TestPorts } from '../harness/start-test-server.ts';
import { everything } from '../harness/synchronising-client.ts';

/** The commands of "On a new machine", as the document has them. */
function documentedCommands(): string[] {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/backup-and-restore.md'), 'utf8');
  const block = /### On a new machine.*?```sh\n(.*?)```/s.exec(text)?.[1] ?? '';
  return block.trimEnd().split('\n');
}

/** A machine with nothing but the software and the backup: with rights for it, one without any network but its own loopback. */
const isolated = process.getuid?.() === 0 && hasNamespaces();

function hasNamespaces(): boolean {
  try {
    execFileSync('unshare', ['--net', 'sh', '-c', 'ip link set lo up && curl --version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it('a new machine gets the server back by the commands of the document', { timeout: 120_000 }, async () => {
  const machine = await mkdtemp(join(tmpdir(), 'restante-machine-'));
  let ports: TestPorts;
  try {
    {
      await using server = await startTestServer({ settings: 'resolver: { servers: ["127.0.0.1:9"], timeout: 1s }' });
      using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
      for (const subject of ['one', 'two'])
        await client.append('INBOX', `Subject: ${subject}\n\nhello\n`, '(\\Flagged) ');
      expect((await server.command('backup', '--copy', join(server.directory, 'backup'))).code).toBe(0);
      mkdirSync(join(machine, 'bin'));
      cpSync(join(server.directory, 'backup'), join(machine, 'backup'), { recursive: true });
      ports = server.ports;
    }
    await writeFile(join(machine, 'bin', 'restante'), `#!/bin/sh\nexec ${process.execPath} ${launcher} "$@"\n`, {
      mode: 0o755,
    });
    const commands = documentedCommands();
    expect(commands.at(-1)).toMatch(/ serve$/);
    expect(commands.length).toBeGreaterThan(5);
    const environment = { PATH: `${join(machine, 'bin')}:/usr/bin:/bin`, HOME: machine };
    const run = (command: string): string =>
      execFileSync('/bin/sh', ['-c', command], {
        cwd: machine,
        env: environment,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const outputs = commands.slice(0, -1).map(run);
    expect(outputs[0]).toMatch(/^backup: OK/);
    expect(outputs[1]).toContain('account me: 2 messages');
    expect(outputs.join('')).toContain('restored/data: OK');

    if (isolated) {
      // Inside of a network namespace of its own the server starts, and a client there reads the mail.
      const script = `ip link set lo up; ${commands.at(-1)} & server=$!
        for i in $(seq 100); do curl -s --max-time 1 http://127.0.0.1:${ports.metrics}/health >/dev/null && break; sleep 0.2; done
        curl -s "imap://127.0.0.1:${ports.imap}/INBOX;UID=2;SECTION=HEADER.FIELDS%20(SUBJECT)" -u me@example.org:secret
        kill $server; wait $server`;
      const read = execFileSync('unshare', ['--net', '/bin/sh', '-c', script], {
        cwd: machine,
        env: { ...environment, PATH: `${environment.PATH}:/sbin:/usr/sbin` },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(read).toContain('Subject: two');
    }
    // Elsewhere than the old one, whose ports may be taken.
    const other = await choosePorts();
    const path = join(machine, 'restored', 'config', 'restante.yaml');
    let config = await readFile(path, 'utf8');
    for (const [service, port] of Object.entries(other)) {
      config = config.replace(new RegExp(`^( *${service}: \\{ port: )\\d+`, 'm'), `$1${port}`);
    }
    await writeFile(path, config);
    const child = spawn('/bin/sh', ['-c', `exec ${commands.at(-1)}`], {
      cwd: machine,
      env: environment,
      stdio: 'ignore',
    });
    try {
      for (let tries = 0; tries < 150; tries++) {
        if (
          await fetch(`http://127.0.0.1:${other.metrics}/health`).then(
            ({ ok }) => ok,
            () => false,
          )
        )
          break;
        await wait(100);
      }
      using client = await ImapTestClient.login(other.imap, 'me@example.org');
      const found = [...(await everything(client, 'INBOX')).values()];
      expect(found.map(({ subject }) => subject)).toEqual(['one', 'two']);
      expect(found.every(({ flags }) => flags.includes('\\Flagged'))).toBe(true);
    } finally {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    }
  } finally {
    await rm(machine, { recursive: true, force: true, maxRetries: 3 });
  }
});
