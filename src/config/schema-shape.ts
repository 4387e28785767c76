import { z } from 'zod';
import { acceptedBy } from './accepted-value.ts';

/** Questions about a zod schema by the path of a key: which keys are known there, what is accepted, what it says of itself. */

type Schema = z.core.$ZodType;

/** Removes optional, default and transformation wrappers. */
export function unwrapped(schema: Schema): Schema {
  let inner = schema;
  for (;;) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      inner = inner.def.innerType;
    } else if (inner instanceof z.ZodPipe) inner = inner.def.in;
    else return inner;
  }
}

/** The schemas from the outermost wrapper to the innermost type. */
function layers(schema: Schema): Schema[] {
  const all = [schema];
  for (let inner = schema; ; ) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      inner = inner.def.innerType;
    } else if (inner instanceof z.ZodPipe) inner = inner.def.in;
    else return all;
    all.push(inner);
  }
}

/** Schema of the value at a path, undefined where the schema knows no such key. */
export function schemaAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  let at: Schema | undefined = schema;
  for (const segment of path) {
    const inner: Schema = unwrapped(at);
    if (inner instanceof z.ZodObject) at = inner.shape[String(segment)];
    else if (inner instanceof z.ZodRecord) at = inner.def.valueType;
    else if (inner instanceof z.ZodArray) at = inner.def.element;
    else return undefined;
    if (at === undefined) return undefined;
  }
  return at;
}

/** Keys of a mapping with fixed keys; empty for anything else. */
export function knownKeys(schema: Schema | undefined): string[] {
  if (schema === undefined) return [];
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** Whether the key may be left out. */
export function isOptional(schema: Schema): boolean {
  return z.safeParse(schema, undefined).success;
}

/** The value that a left out key has, when the schema states one. */
export function defaultOf(schema: Schema): unknown {
  for (const layer of layers(schema)) {
    if (layer instanceof z.ZodDefault || layer instanceof z.ZodPrefault) return layer.def.defaultValue;
  }
  return undefined;
}

export function descriptionOf(schema: Schema): string | undefined {
  for (const layer of layers(schema)) {
    const description = z.globalRegistry.get(layer)?.description;
    if (description !== undefined) return description;
  }
  return undefined;
}

export function exampleOf(schema: Schema): { example?: unknown; exampleKey?: string } {
  for (const layer of layers(schema)) {
    const accepted = acceptedBy(layer);
    if (accepted?.example !== undefined || accepted?.exampleKey !== undefined) return accepted;
  }
  return {};
}

/** Completes "accepted: …" for a value or, in a mapping with free keys, for a key. */
export function acceptedText(schema: Schema): string {
  for (const layer of layers(schema)) {
    const accepted = acceptedBy(layer);
    if (accepted !== undefined) return accepted.accepts;
  }
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodBoolean) return 'true or false';
  if (inner instanceof z.ZodEnum) return Object.values(inner.def.entries).join(', ');
  if (inner instanceof z.ZodArray) return `a list of: ${acceptedText(inner.def.element)}`;
  if (inner instanceof z.ZodObject) return `a mapping with the keys ${Object.keys(inner.shape).join(', ')}`;
  return 'text';
}
