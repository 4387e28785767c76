import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';
import { nearestKey } from './nearest-key.ts';
import { acceptedText, knownKeys, schemaAt, unwrapped } from './schema-shape.ts';

type Path = readonly PropertyKey[];

/** A configuration file's text, parsed so that problems can name a line and edits keep comments. */
export class YamlSource {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly #lines = new LineCounter();

  /** @param file as it appears in problems */
  constructor(file: string, text: string) {
    this.file = file;
    this.document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, strict: true });
  }

  /**
   * Validates the whole file.
   * @returns the value with defaults filled in, or undefined when problems were added
   */
  read<Schema extends z.ZodType>(schema: Schema, problems: ConfigProblem[]): z.output<Schema> | undefined {
    for (const error of [...this.document.errors, ...this.document.warnings]) {
      const { line, col } = this.#lines.linePos(error.pos[0]);
      problems.push({ file: this.file, line, column: col, key: '', message: `not YAML: ${error.message}` });
    }
    if (this.document.errors.length + this.document.warnings.length > 0) return undefined;
    let given: unknown;
    try {
      given = this.document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      problems.push({ file: this.file, line: 1, column: 1, key: '', message: `not YAML: ${(error as Error).message}` });
      return undefined;
    }
    const value = withoutEmptyValues(given, schema);
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.#addIssue(issue, value, schema, problems);
    return undefined;
  }

  /** A problem with the value at a path, or with the key that the path ends with. */
  problem(path: Path, at: 'key' | 'value', message: string): ConfigProblem {
    return { ...this.#place(path, at), message };
  }

  #addIssue(issue: z.core.$ZodIssue, root: unknown, schema: z.core.$ZodType, problems: ConfigProblem[]): void {
    const at = schemaAt(schema, issue.path);
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(at);
      for (const key of issue.keys) {
        const nearest = nearestKey(key, known);
        const meant = nearest === undefined ? '' : `, did you mean "${nearest}"?`;
        const message = `unknown key${meant}${meant === '' ? ', ' : ' '}accepted: ${known.join(', ')}`;
        problems.push(this.problem([...issue.path, key], 'key', message));
      }
      return;
    }
    if (issue.code === 'invalid_key') {
      const record = schemaAt(schema, issue.path.slice(0, -1));
      const inner = record === undefined ? undefined : unwrapped(record);
      const accepted = inner instanceof z.ZodRecord ? acceptedText(inner.def.keyType) : 'another name';
      const found = foundText(String(issue.path.at(-1)));
      problems.push(this.problem(issue.path, 'key', `found ${found}, accepted: ${accepted}`));
      return;
    }
    const found = valueAt(root, issue.path);
    const accepted = at === undefined ? issue.message : acceptedText(at);
    if (found === undefined) {
      problems.push(this.problem(issue.path, 'key', `missing, accepted: ${accepted}`));
    } else {
      problems.push(this.problem(issue.path, 'value', `found ${foundText(found)}, accepted: ${accepted}`));
    }
  }

  #place(path: Path, what: 'key' | 'value'): Omit<ConfigProblem, 'message'> {
    let node: Node | null | undefined = this.document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, segment] of path.entries()) {
      if (isAlias(node)) node = node.resolve(this.document);
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find(
          (item) => String(isScalar(item.key) ? item.key.value : item.key) === String(segment),
        );
        if (pair === undefined) break;
        offset = (pair.key as Node | null)?.range?.[0] ?? offset;
        node = pair.value as Node | null;
        const isEmpty = isScalar(node) && node.value === null && node.source === '';
        if (node !== null && !isEmpty && (depth < path.length - 1 || what === 'value')) {
          // A block mapping starts at its first key: the key it belongs to says more.
          if (!isMap(node) && !isSeq(node)) offset = node.range?.[0] ?? offset;
        }
      } else if (isSeq(node)) {
        const item = node.items[Number(segment)] as Node | undefined;
        if (item === undefined) break;
        offset = item.range?.[0] ?? offset;
        node = item;
      } else break;
    }
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), key: keyText(path) };
  }
}

/** `key:` with nothing after it means an empty mapping or list where one is expected. */
function withoutEmptyValues(value: unknown, schema: z.core.$ZodType): unknown {
  const inner = unwrapped(schema);
  if (value === null) {
    if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return {};
    return inner instanceof z.ZodArray ? [] : value;
  }
  if (Array.isArray(value) && inner instanceof z.ZodArray) {
    return value.map((item) => withoutEmptyValues(item, inner.def.element));
  }
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const child = schemaAt(inner, [key]);
    return [key, child === undefined ? item : withoutEmptyValues(item, child)];
  });
  return Object.fromEntries(entries);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[segment];
  }
  return value;
}

/** How a value reads in an error. */
export function foundText(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
}

function keyText(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else {
      const name = String(segment);
      text += `${text === '' ? '' : '.'}${/^[\w-]+$/.test(name) ? name : JSON.stringify(name)}`;
    }
  }
  return text;
}
