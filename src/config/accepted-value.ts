import { z } from 'zod';

/** What a schema says about itself to an operator: in errors, in `config describe` and in the JSON Schema. */
interface AcceptedValue {
  /** Completes "accepted: …". */
  accepts: string;
  /** A value, as written in YAML, that `config describe` shows. */
  example?: unknown;
  /** For a mapping with free keys: the key that `config describe` shows. */
  exampleKey?: string;
}

const acceptedValues = z.registry<AcceptedValue>();

/** Attaches what is accepted to a schema. */
export function accepting<Schema extends z.ZodType>(schema: Schema, accepts: string, example?: unknown): Schema {
  acceptedValues.add(schema, { accepts, example });
  return schema;
}

/** A mapping with free keys, such as names of accounts. */
export function mapping<Key extends z.ZodType<string, string>, Value extends z.ZodType>(
  key: Key,
  value: Value,
  example: { key: string; value?: unknown },
): z.ZodRecord<Key & z.core.$ZodRecordKey, Value> {
  const schema = z.record(key as Key & z.core.$ZodRecordKey, value);
  acceptedValues.add(schema, { accepts: 'a mapping', exampleKey: example.key, example: example.value });
  return schema;
}

/** What was attached to this schema itself; wrappers such as optional are looked through by `schema-shape.ts`. */
export function acceptedBy(schema: z.core.$ZodType): AcceptedValue | undefined {
  return acceptedValues.get(schema);
}
