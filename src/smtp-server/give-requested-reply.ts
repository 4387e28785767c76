import { setTimeout as delay } from 'node:timers/promises';
import type { RequestedReply } from '../delivery/requested-reply.ts';
import type { SmtpSession } from './smtp-session.ts';

/** How often it is looked whether the client is still there. */
const stepMs = 250;

/** Try-out mode: gives the reply that a localpart asks for. @throws SmtpError */
export async function giveRequestedReply(session: SmtpSession, requested: RequestedReply | undefined): Promise<void> {
  if (requested === undefined) return;
  if (requested.kind === 'error') throw requested.error;
  await session.connection.flush();
  for (let passed = 0; passed < requested.ms && !session.connection.ended; passed += stepMs) await delay(stepMs);
}
