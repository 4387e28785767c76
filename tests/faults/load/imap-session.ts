import { type ImapAnswer, ImapTestClient } from '../../harness/imap-client.ts';
import type { PromisedNumbers } from './promised-numbers.ts';

export interface SelectedMailbox {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: number;
}

export interface FetchedMessage {
  readonly uid: number;
  readonly flags: string[];
  /** Of the fetched literal, if any: one character a byte. */
  readonly text: string | undefined;
}

/** A client that notes every number that the server tells it. */
export class ImapSession implements Disposable {
  readonly #client: ImapTestClient;
  readonly #promised: PromisedNumbers;
  #selected: SelectedMailbox | undefined;

  private constructor(client: ImapTestClient, promised: PromisedNumbers) {
    this.#client = client;
    this.#promised = promised;
  }

  static async logIn(port: number, login: string, promised: PromisedNumbers): Promise<ImapSession> {
    const client = await ImapTestClient.connect(port);
    const session = new ImapSession(client, promised);
    await session.ok(`LOGIN ${login} secret`);
    await session.ok('ENABLE CONDSTORE');
    return session;
  }

  get selected(): SelectedMailbox | undefined {
    return this.#selected;
  }

  async command(text: string): Promise<ImapAnswer> {
    const answer = await this.#client.command(text);
    const uidValidity = this.#selected?.uidValidity;
    if (uidValidity !== undefined) {
      for (const line of answer.untagged) {
        const modseq = /^\* \d+ FETCH \(.*\bMODSEQ \((\d+)\)/.exec(line)?.[1];
        if (modseq !== undefined) this.#promised.modseq(uidValidity, Number(modseq));
      }
    }
    return answer;
  }

  /** @throws unless the answer is OK */
  async ok(text: string): Promise<ImapAnswer> {
    const answer = await this.command(text);
    if (!answer.tagged.startsWith('OK')) throw new Error(`${text.slice(0, 200)}: ${answer.tagged}`);
    return answer;
  }

  async select(name: string, command: 'SELECT' | 'EXAMINE' = 'SELECT'): Promise<SelectedMailbox> {
    this.#selected = undefined;
    const { untagged } = await this.ok(`${command} ${name}`);
    const text = untagged.join('\n');
    const numberOf = (form: RegExp): number => Number(form.exec(text)?.[1]);
    const uidValidity = numberOf(/\[UIDVALIDITY (\d+)\]/);
    const uidNext = numberOf(/\[UIDNEXT (\d+)\]/);
    this.#promised.selected(name, { uidValidity, uidNext, modseq: numberOf(/\[HIGHESTMODSEQ (\d+)\]/) });
    this.#selected = { name, uidValidity, uidNext, messages: numberOf(/^\* (\d+) EXISTS/m) };
    return this.#selected;
  }

  /** @param item such as `BODY.PEEK[]` */
  async fetch(uids: string, item: string): Promise<FetchedMessage[]> {
    const { untagged } = await this.ok(`UID FETCH ${uids} (UID FLAGS MODSEQ ${item})`);
    return untagged.flatMap((line) => {
      if (!/^\* \d+ FETCH \(/.test(line)) return [];
      const uid = /[( ]UID (\d+)/.exec(line);
      const flags = /[( ]FLAGS \(([^)]*)\)/.exec(line);
      if (uid === null || flags === null) throw new Error(`Odd FETCH response: ${line.slice(0, 300)}`);
      const literal = /\{(\d+)\}\r\n/.exec(line);
      const from = literal === null ? 0 : literal.index + literal[0].length;
      const text = literal === null ? undefined : line.slice(from, from + Number(literal[1]));
      return [{ uid: Number(uid[1]), flags: flags[1].split(' ').filter((flag) => flag !== ''), text }];
    });
  }

  /** Names of all mailboxes that can be selected. */
  async list(): Promise<string[]> {
    const { untagged } = await this.ok('LIST "" *');
    return untagged.flatMap((line) => {
      const [, attributes, name] = /^\* LIST \(([^)]*)\) "\/" "?([^"]+)"?$/.exec(line) ?? [];
      return name === undefined || /nonexistent|noselect/i.test(attributes) ? [] : [name];
    });
  }

  /** @param key of the message that has the UID */
  sawUid(uid: number, key: string, uidValidity = this.#selected!.uidValidity): void {
    this.#promised.uid(uidValidity, uid, key);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}
