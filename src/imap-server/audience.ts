import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ResponseWriter } from './response-writer.ts';
import type { SelectedEvents } from './selected-events.ts';

/** What of a session decides how changes are written. */
export interface Audience {
  readonly out: ResponseWriter;
  /** Then nothing is said of \Recent. */
  readonly rev2: boolean;
  readonly condstore: boolean;
  readonly qresync: boolean;
  readonly uidOnly: boolean;
  readonly server: { readonly clock: Clock };
  readonly log: Log;
  readonly notifications: { readonly selected: SelectedEvents } | undefined;
}
