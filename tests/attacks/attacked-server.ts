import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { runCommand, startTestServer, type TestServer, type TestServerOptions } from '../harness/start-test-server.ts';
import { RawConnection } from './raw-connection.ts';

/** What a client that behaves may have to wait for, on a slow machine with an attack under way. */
const patienceMs = 5_000;

/** A server of its own process under attack, with a client that goes on using it and everything watched. */
export class AttackedServer implements AsyncDisposable {
  readonly server: TestServer;
  readonly #errors: string[] = [];
  #canaryRunning = false;
  #canary: Promise<void> = Promise.resolve();
  #delivered = 0;
  #slowestMs = 0;

  private constructor(server: TestServer) {
    this.server = server;
    for (const stream of [server.process.stdout, server.process.stderr]) this.#readLog(stream);
  }

  static async start(options: TestServerOptions = {}): Promise<AttackedServer> {
    const accounts = options.accounts ?? ['me', 'canary'];
    // How long checking takes is to be seen, and failures are to come within one minute. Last: given settings may go on with a listener.
    const settings = `${options.settings ?? ''}\nlimits: { failedLoginDelay: 0 }`;
    for (let attempts = 3; ; attempts--) {
      try {
        return new AttackedServer(await startTestServer({ ...options, accounts, settings }));
      } catch (error) {
        // Somebody else has taken a port that was free.
        if (attempts === 1 || !String(error).includes('EADDRINUSE')) throw error;
      }
    }
  }

  get ports(): TestServer['ports'] {
    return this.server.ports;
  }

  /** Log lines of level error. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  get alive(): boolean {
    return this.server.process.exitCode === null && this.server.process.signalCode === null;
  }

  /** Delivers and reads messages over and over, until {@link stopCanary}. */
  startCanary(): void {
    this.#canaryRunning = true;
    this.#canary = this.#sing();
    this.#canary.catch(() => {});
  }

  /** @throws what the canary met */
  async stopCanary(): Promise<{ delivered: number; slowestMs: number }> {
    this.#canaryRunning = false;
    await this.#canary;
    return { delivered: this.#delivered, slowestMs: this.#slowestMs };
  }

  /** One message in by SMTP and out by IMAP, each step in time. */
  async checkUsable(): Promise<void> {
    const subject = `canary ${++this.#delivered} ${process.pid}`;
    await this.#timed('health', async () => {
      expect((await fetch(`http://127.0.0.1:${this.ports.metrics}/health`)).status).toBe(200);
    });
    using smtp = await this.#timed('SMTP connect', () => RawConnection.open(this.ports.smtp));
    await this.#timed('greeting', () => smtp.until(/^220 .*\r\n/));
    const reply = /^\d{3} .*\r\n/m;
    const ask = (connection: RawConnection, line: string, pattern: RegExp): Promise<string> =>
      this.#timed(line.slice(0, 40), () => connection.ask(line, pattern));
    await ask(smtp, 'EHLO canary.example', reply);
    await ask(smtp, 'MAIL FROM:<canary@example.net>', reply);
    await ask(smtp, 'RCPT TO:<canary@example.org>', reply);
    await ask(smtp, 'DATA', reply);
    expect(await ask(smtp, `Subject: ${subject}\r\n\r\nchirp\r\n.`, reply), this.#errors.at(-1)).toMatch(/^250 /);
    using imap = await this.#timed('IMAP connect', () => RawConnection.open(this.ports.imaps, { tls: true }));
    await this.#timed('IMAP greeting', () => imap.until(/^\* OK .*\r\n/));
    expect(await ask(imap, 'a LOGIN canary secret', /^a .*\r\n/m)).toMatch(/^a OK/m);
    await ask(imap, 'b SELECT INBOX', /^b OK.*\r\n/m);
    const found = await ask(imap, `c UID SEARCH SUBJECT "${subject}"`, /^c OK.*\r\n/m);
    const uid = /^\* SEARCH (\d+)\r/m.exec(found)?.[1];
    expect(uid, found).toBeDefined();
    expect(await ask(imap, `d UID FETCH ${uid} BODY.PEEK[]`, /^d OK.*\r\n/m)).toContain('\r\nchirp\r\n');
    await ask(imap, `e UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`, /^e OK.*\r\n/m);
    await ask(imap, 'f EXPUNGE', /^f OK.*\r\n/m);
    await ask(imap, 'g LOGOUT', /^g OK.*\r\n/m);
  }

  /** Open file descriptors of the server. */
  async openFiles(): Promise<number> {
    return (await readdir(`/proc/${this.server.pid}/fd`)).length;
  }

  /** Resident memory in MiB: the least of some looks, as a garbage collection may be due. */
  async residentMiB(): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    for (let look = 0; look < 6; look++) {
      const status = await readFile(`/proc/${this.server.pid}/status`, 'utf8');
      least = Math.min(least, Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return least;
  }

  /** Waits until as few files are open as at the beginning; databases of accounts in use may add some. */
  async expectFilesClosed(baseline: number, allowance: number, timeoutMs = 20_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    let open = await this.openFiles();
    while (open > baseline + allowance && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      open = await this.openFiles();
    }
    expect(open, 'open file descriptors').toBeLessThanOrEqual(baseline + allowance);
  }

  /** The server still works, ends when it is told to, has logged no error, and left a data directory that is right. */
  async expectUnharmed(): Promise<void> {
    expect(this.alive, 'the server process lives').toBe(true);
    await this.checkUsable();
    await this.server.stop();
    expect(this.server.process.exitCode, 'exit code').toBe(0);
    expect(distinct(this.#errors), 'errors in the log').toEqual([]);
    const verified = await runCommand(['verifydata', this.server.dataDirectory]);
    expect(verified.code, `verifydata: ${verified.stdout}${verified.stderr}`).toBe(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#canaryRunning = false;
    await this.#canary.catch(() => {});
    await this.server[Symbol.asyncDispose]();
  }

  async #sing(): Promise<void> {
    while (this.#canaryRunning) {
      await this.checkUsable();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #timed<T>(step: string, act: () => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    const result = await act();
    const tookMs = Date.now() - startedAt;
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    expect(tookMs, `canary: milliseconds for ${step}`).toBeLessThan(patienceMs);
    return result;
  }

  #readLog(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) if (isError(line)) this.#errors.push(line);
    });
  }
}

/** One line of each kind, as the same failure may come a thousand times. */
function distinct(lines: readonly string[]): string[] {
  const byKind = new Map(lines.map((line) => [/"message":"[^"]*"|"msg":"[^"]*"/.exec(line)?.[0] ?? line, line]));
  return [...byKind.values()].slice(0, 10).map((line) => line.slice(0, 1500));
}

/** Of pino's lines those from level 50; whatever isn't a line of pino comes from the runtime, and shouldn't be there. */
function isError(line: string): boolean {
  const level = /^\{"level":(\d+),/.exec(line)?.[1];
  return level === undefined ? /Error|Warning|\bat .*:\d+/.test(line) : Number(level) >= 50;
}
