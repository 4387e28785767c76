import { RestanteError } from '../runtime/errors.ts';

/**
 * Errors of a database engine. An error that crossed the boundary between a write worker and the caller keeps its `code`, message,
 * hint and context but not its class: compare `code`, not `instanceof`.
 *
 * | `code` | meaning | `context.temporary` |
 * | --- | --- | --- |
 * | `database-full` | the disk (or quota) is full; nothing of the write happened | true |
 * | `database-io` | reading or writing the file failed; nothing of the write happened | true |
 * | `database-busy` | another process holds the database | true |
 * | `database-constraint` | a constraint refused a row; `context.constraint` names it | false |
 * | `database-corrupt` | the file is damaged, or isn't a database | false |
 * | `database-too-new` | written by a later version of the software | false |
 * | `database-migration-failed` | a migration doesn't apply | false |
 * | `database-cannot-open` | missing, no permission, too many open files | true |
 * | `database-closed` | used after it, or its engine, was disposed of | false |
 * | `database-worker-died` | the write worker ended; whether the write happened is unknown | true |
 * | `database-operation-waited` | an operation waited for something else than its transactor; it was undone | false |
 * | `database-operation-failed` | an operation threw something that is no RestanteError, which is the `cause` | false |
 * | `database-not-in-snapshot` | the database did not exist at the snapshot's instant | false |
 * | `database-failed` | any other failure; `context.sqlite` has SQLite's code | false |
 */
export class DatabaseError extends RestanteError {
  /** Whether the same call may succeed later. */
  get temporary(): boolean {
    return this.context.temporary === true;
  }
}
