/**
 * Columns of `contents` that come from the reception of a message, from the server's verdicts on it and from what its user taught the junk
 * filter: parsing the message again would not find them, so that restoring takes them from the backup.
 */
export const keptColumns = [
  'from_org_domain',
  'is_forward',
  'is_reject',
  'trained_as_junk',
  'remote_address',
  'remote_range_narrow',
  'remote_range_middle',
  'remote_range_wide',
  'hello_name',
  'mail_from_localpart',
  'mail_from_domain',
  'rcpt_to',
  'hello_validation',
  'mail_from_validation',
  'from_validation',
  'dkim_domains',
  'tls_version',
  'tls_cipher',
  'require_tls',
] as const;

/** In the order of {@link keptColumns}. */
export type KeptValues = readonly (string | number | null)[];

const trainedAt = keptColumns.indexOf('trained_as_junk');

/** Another user's junk filter has learnt nothing of the message. */
export function withoutTraining(kept: KeptValues): KeptValues {
  return kept.with(trainedAt, null);
}
