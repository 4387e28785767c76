import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeDurably } from '../runtime/durable-file.ts';
import { withLockFile } from '../runtime/lock-file.ts';
import type { Log } from '../runtime/log.ts';
import type { AddressBook } from './address-book.ts';
import { ConfigError, problemText } from './config-error.ts';
import { type DomainsConfig, parseDomainsConfig } from './domains-config.ts';
import type { DomainsEdit } from './domains-edit-schema.ts';
import { editDomains } from './edit-domains.ts';
import { placeComments } from './place-comments.ts';
import { readConfigFile } from './read-config-file.ts';
import type { StaticConfig } from './static-config.ts';
import { YamlSource } from './yaml-source.ts';

/**
 * `domains.yaml` of a running server: read again when the file changes, edited in place. A file with errors changes nothing: the
 * server goes on with what it has, and says so in the log.
 *
 * Edits and reloads run one after the other, and edits of several processes too: commands edit the file themselves while no server runs. An
 * editor that writes the file at the very moment of an edit is overwritten.
 */
export class LiveDomains {
  readonly #staticConfig: StaticConfig;
  readonly #log: Log;
  readonly #listeners = new Set<(config: DomainsConfig) => void>();
  #config: DomainsConfig;
  #text: string;
  /** What `watch` saw at its last look, and what it last reloaded, so that a broken file is reported once. */
  #seen = '';
  #reloaded = '';
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(staticConfig: StaticConfig, log: Log, config: DomainsConfig, text: string) {
    this.#staticConfig = staticConfig;
    this.#log = log;
    this.#config = config;
    this.#text = text;
  }

  /** @throws ConfigFileError, ConfigError */
  static async open(staticConfig: StaticConfig, log: Log): Promise<LiveDomains> {
    const text = await readConfigFile(staticConfig.domainsPath);
    return new LiveDomains(staticConfig, log, parseDomainsConfig(staticConfig, text), text);
  }

  /** As it is now: ask again for each use, don't keep. */
  get config(): DomainsConfig {
    return this.#config;
  }

  get addressBook(): AddressBook {
    return this.#config.addressBook;
  }

  /** Calls back after each change. Returns the function that ends it. */
  onChange(listener: (config: DomainsConfig) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Reads the file again.
   * @returns whether it had changed
   * @throws ConfigFileError, ConfigError; the configuration in use stays as it was
   */
  reload(): Promise<boolean> {
    return this.#inTurn(async () => {
      const text = await readConfigFile(this.#staticConfig.domainsPath);
      if (text === this.#text) return false;
      this.#use(parseDomainsConfig(this.#staticConfig, text), text);
      return true;
    });
  }

  /**
   * Makes changes, all or none, and puts them to use; durable when the promise resolves. Comments stay.
   * @throws DomainsEditError, ConfigFileError, ConfigError when the file would not be valid, or is not
   */
  edit(changes: readonly DomainsEdit[]): Promise<void> {
    return this.#inTurn(async () => {
      const { domainsPath } = this.#staticConfig;
      const { config, text } = await withLockFile(domainsPath, async () => {
        const before = await readConfigFile(domainsPath);
        parseDomainsConfig(this.#staticConfig, before);
        const source = new YamlSource(basename(domainsPath), before);
        placeComments(source.document, before);
        for (const change of changes) editDomains(source.document, change);
        const edited = source.document.toString({ lineWidth: 0 });
        const valid = parseDomainsConfig(this.#staticConfig, edited);
        const { mode } = await stat(domainsPath);
        await writeDurably(domainsPath, edited, mode & 0o777);
        return { config: valid, text: edited };
      });
      this.#use(config, text);
    });
  }

  /** Looks at the file again and again, and reloads it when it changed and was left alone since the last look. */
  watch(intervalMs = 1000): void {
    this.#timer ??= setInterval(() => {
      this.#look().catch((error: unknown) => {
        this.#log.error({ err: error }, 'Cannot look at domains.yaml: keeping the configuration in use');
      });
    }, intervalMs).unref();
  }

  /** Ends `watch` and waits for what is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#queue;
  }

  async #look(): Promise<void> {
    const { mtimeNs, size, ino } = await stat(this.#staticConfig.domainsPath, { bigint: true });
    const seen = `${mtimeNs} ${size} ${ino}`;
    // A program may be writing the file: what is read must have been so for a while.
    const isSettled = seen === this.#seen;
    this.#seen = seen;
    if (!isSettled || seen === this.#reloaded) return;
    this.#reloaded = seen;
    try {
      await this.reload();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const problems = error.problems.map(problemText);
      this.#log.error({ problems }, 'Cannot use the changed domains.yaml: keeping the configuration in use');
    }
  }

  #use(config: DomainsConfig, text: string): void {
    this.#config = config;
    this.#text = text;
    const { domains, accounts, aliases } = config;
    this.#log.info(
      {
        domains: Object.keys(domains).length,
        accounts: Object.keys(accounts).length,
        aliases: Object.keys(aliases).length,
      },
      'domains.yaml is in use',
    );
    for (const listener of this.#listeners) listener(config);
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }
}
