import { senderValidation } from '../sender-validation.ts';
import type { Decision, Question } from './decision.ts';

/** Somebody whom the user has written to is not taken for a sender of junk, as long as it is shown to be them. */
export async function knownCorrespondent({ sender, account }: Question): Promise<Decision | undefined> {
  const { author } = sender;
  if (author === undefined || senderValidation(sender).from === 'none') return undefined;
  const isKnown = await account.read((reader) =>
    reader.deliveries.hasWrittenTo(`${author.localpart}@${author.domain}`),
  );
  return isKnown ? { action: 'accept', reason: 'known-correspondent' } : undefined;
}
