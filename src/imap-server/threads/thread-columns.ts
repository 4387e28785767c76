import { numberDigest, type ThreadFacts } from '../../message/thread-facts.ts';
import { NumberList } from './number-list.ts';
import { SmallNumbers } from './small-numbers.ts';

const none = -1;

/**
 * What messages are threaded by, in columns: some bytes for each message where objects would take hundreds, and nothing to look up.
 * Identifiers and base subjects are small numbers.
 */
export class ThreadColumns {
  /** Of identifiers. */
  readonly ids: SmallNumbers;
  /** Of base subjects. */
  readonly subjects: SmallNumbers;
  readonly #messageIds = new NumberList();
  /** Twice the number of the subject, -2 without one; and one more for a reply. */
  readonly #subjects = new NumberList();
  readonly #references = new NumberList();
  /** Where the references of each message end. */
  readonly #ends = new NumberList();

  /** @param numbered columns whose numbers it shares */
  constructor(numbered?: ThreadColumns) {
    this.ids = numbered?.ids ?? new SmallNumbers();
    this.subjects = numbered?.subjects ?? new SmallNumbers();
  }

  /** Messages. */
  get length(): number {
    return this.#ends.length;
  }

  get sizeBytes(): number {
    const { ids, subjects } = this;
    const parts = [ids, subjects, this.#messageIds, this.#subjects, this.#references, this.#ends];
    return parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Whether most of the numbers are of what is in none of the messages. */
  get isNumberedSparsely(): boolean {
    const { length } = this;
    return this.ids.count > 2 * (length + this.#references.length) || this.subjects.count > 2 * length;
  }

  /** The identifier of a message; -1 without one. */
  messageId(row: number): number {
    return this.#messageIds.at(row);
  }

  /** -1 for the empty one. */
  subject(row: number): number {
    return this.#subjects.at(row) >> 1;
  }

  isReply(row: number): boolean {
    return (this.#subjects.at(row) & 1) === 1;
  }

  /** The place of a message's first reference; the last one is before that of the next message. */
  firstReference(row: number): number {
    return row === 0 ? 0 : this.#ends.at(row - 1);
  }

  reference(place: number): number {
    return this.#references.at(place);
  }

  add({ messageId, references, subject, isReply }: ThreadFacts): void {
    for (const id of references) this.#references.push(this.ids.of(id));
    this.#end(
      messageId === undefined ? none : this.ids.of(messageId),
      subject === '' ? none : this.subjects.of(numberDigest(subject)),
      isReply,
    );
  }

  /** Adds a message of other columns. */
  copy(from: ThreadColumns, row: number): void {
    const numberOf = (own: SmallNumbers, others: SmallNumbers, number: number): number =>
      own === others || number === none ? number : own.of(others.digestOf(number));
    for (let at = from.firstReference(row); at < from.firstReference(row + 1); at++) {
      this.#references.push(numberOf(this.ids, from.ids, from.reference(at)));
    }
    this.#end(
      numberOf(this.ids, from.ids, from.messageId(row)),
      numberOf(this.subjects, from.subjects, from.subject(row)),
      from.isReply(row),
    );
  }

  #end(messageId: number, subject: number, isReply: boolean): void {
    this.#messageIds.push(messageId);
    this.#subjects.push(subject * 2 + (isReply ? 1 : 0));
    this.#ends.push(this.#references.length);
  }
}
