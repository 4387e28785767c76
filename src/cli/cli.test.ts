import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const launcher = fileURLToPath(new URL('../../bin/restante.js', import.meta.url));

let directory: string;
let config: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-cli-'));
  config = join(directory, 'restante.yaml');
  await writeFile(
    config,
    'dataDirectory: data\nhostname: mail.example.org\npostmaster: { account: me }\nlisteners: {}\n',
  );
  await writeFile(
    join(directory, 'domains.yaml'),
    '# Ours\ndomains:\n  example.org: # main\naccounts:\n  me:\n    domain: example.org\n    addresses:\n      me@example.org:\n',
  );
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

async function restante(words: string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [launcher, ...words], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, ...options.env },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, out, err };
}

describe('the command line', () => {
  it('shows its commands', async () => {
    const { code, out, err } = await restante(['--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    for (const name of ['localserve', 'quickstart', 'setadminpassword', 'verifydata', 'bumpuidvalidity']) {
      expect(out).toContain(`\n  ${name}`);
    }
  });

  it('shows what a command takes', async () => {
    const { code, out } = await restante(['queue', 'schedule', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage: restante queue schedule [options] [id...]');
    expect(out).toContain('--later <time>');
  });

  it('ends with 2 for a command that it does not know, and names the one that was meant', async () => {
    const { code, out, err } = await restante(['bakcup', 'x']);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain("error: unknown command 'bakcup'\n(Did you mean backup?)");
  });

  it.each([
    ['a missing argument', ['backup'], "missing required argument 'directory'"],
    ['an unknown option', ['stop', '--now'], "unknown option '--now'"],
    ['an argument of the wrong kind', ['queue', 'dump', 'x'], 'An id is a whole number.'],
    ['a change of nothing', ['queue', 'drop'], 'restante: Cannot change the queue: nothing is chosen'],
    ['a file that does not exist', ['config', 'schema', 'x.yaml'], 'Allowed choices are restante.yaml, domains.yaml'],
    ['a message for nobody', ['sendmail'], 'restante: Cannot send: no recipient is given'],
  ])('ends with 2 for %s', async (_what, words, message) => {
    const { code, err } = await restante(['--config', config, ...words]);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it('ends with 4 and a hint when no server runs', async () => {
    const { code, out, err } = await restante(['--config', config, 'stop']);
    expect(code).toBe(4);
    expect(out).toBe('');
    expect(err).toBe(
      `restante: Cannot reach the server at "${join(directory, 'data', 'ctl')}": it is not running\n` +
        '  Start it with "restante serve", or name the right configuration with --config FILE.\n',
    );
  });

  it('finds the configuration by RESTANTE_CONF, and by its usual place', async () => {
    expect(await restante(['config', 'test'], { env: { RESTANTE_CONF: config } })).toMatchObject({
      code: 0,
      out: 'OK\n',
    });
    const { code, err } = await restante(['config', 'test']);
    expect(code).toBe(1);
    expect(err).toContain(
      `Cannot read configuration "${join(directory, 'config', 'restante.yaml')}": it does not exist`,
    );
  });

  it('tells its version also without a configuration', async () => {
    const { code, out } = await restante(['version', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ software: expect.stringMatching(/^\d+\.\d+\.\d+/), server: null });
  });

  it('gives completion scripts that shells accept', async () => {
    const { code, out } = await restante(['completion', 'bash']);
    expect(code).toBe(0);
    expect(out).toContain("'queue schedule') words='");
    const script = `${out}
COMP_WORDS=(restante config ac); COMP_CWORD=2; _restante; echo "\${COMPREPLY[*]}"
COMP_WORDS=(restante queue drop 12 --al); COMP_CWORD=4; _restante; echo "\${COMPREPLY[*]}"`;
    const bash = spawn('bash', ['-c', script], { cwd: directory });
    expect(await text(bash.stdout)).toBe('account\n--all\n');
  });
});

describe('config', () => {
  it('test prints every problem and ends with 1', async () => {
    await writeFile(config, `${await readFile(config, 'utf8')}logLevel: loud\nquotas: 1\n`);
    const { code, out } = await restante(['--config', config, 'config', 'test']);
    expect(code).toBe(1);
    expect(out).toContain('restante.yaml:5:11: logLevel: found "loud", accepted: debug, info, warn, error, silent\n');
    expect(out).toContain('restante.yaml:6:1: quotas: unknown key, did you mean "quota"?');
  });

  it('describe and schema print what editors and people need', async () => {
    const described = await restante(['config', 'describe', 'domains.yaml']);
    expect(described).toMatchObject({ code: 0, err: '' });
    expect(described.out).toContain('localpartSeparators:');
    const schema = await restante(['config', 'schema', 'restante.yaml']);
    expect(JSON.parse(schema.out)).toMatchObject({ title: 'restante.yaml', type: 'object' });
  });

  it('changes domains.yaml without a server, keeping comments', async () => {
    const run = (...words: string[]): Promise<Outcome> => restante(['--config', config, 'config', ...words]);
    expect(await run('account', 'add', 'you', 'you@example.org')).toMatchObject({ code: 0, err: '' });
    expect(await run('alias', 'add', 'all@example.org', 'me@example.org', 'you@example.org')).toMatchObject({
      code: 0,
    });
    expect(await run('account', 'rm', 'you')).toMatchObject({
      code: 1,
      err: expect.stringContaining('accepted: an address of an account'),
    });
    expect(await readFile(join(directory, 'domains.yaml'), 'utf8')).toMatch(
      /^# Ours\n[\s\S]*# main\n[\s\S]*you@example\.org/,
    );
    const { out } = await run('address', 'list', '--json');
    expect(JSON.parse(out)).toEqual([
      { address: 'me@example.org', account: 'me', mailbox: 'Inbox' },
      { address: 'you@example.org', account: 'you', mailbox: 'Inbox' },
    ]);
  });
});

describe('setadminpassword', () => {
  it('stores a hash for the owner only', async () => {
    const { code, err } = await restante(['--config', config, 'setadminpassword'], { input: 'open sesame\n' });
    expect(err).toBe('');
    expect(code).toBe(0);
    const file = join(directory, 'adminpassword');
    expect(await readFile(file, 'utf8')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('refuses an empty one', async () => {
    const { code, err } = await restante(['--config', config, 'setadminpassword']);
    expect(err).toContain('Cannot set password: it is empty');
    expect(code).toBe(2);
  });
});

describe('quickstart', () => {
  it('writes a configuration that passes its test, keys for the owner only, and never overwrites', async () => {
    const home = join(directory, 'home');
    const { code, out, err } = await restante(['quickstart', 'me@münchen.example', '--dir', home]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('xn--mnchen-3ya.example.                  IN MX 10 mail.xn--mnchen-3ya.example.');
    const written = join(home, 'config', 'restante.yaml');
    expect(await restante(['--config', written, 'config', 'test'])).toMatchObject({ code: 0, out: 'OK\n' });
    const year = new Date().getFullYear();
    const key = join(home, 'config', 'keys', `${year}a._domainkey.xn--mnchen-3ya.example.pem`);
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect(await readFile(join(home, 'restante.service'), 'utf8')).toContain(`--config ${written} serve`);
    expect(await restante(['quickstart', 'me@münchen.example', '--dir', home])).toMatchObject({
      code: 1,
      err: expect.stringContaining(`Cannot write "${written}": it exists`),
    });
  });

  it('refuses what is no address', async () => {
    expect(await restante(['quickstart', 'me'])).toMatchObject({ code: 2 });
  });
});
