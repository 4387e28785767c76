import { stringify } from 'yaml';
import { z } from 'zod';
import { domainsSchema } from './domains-schema.ts';
import { acceptedText, defaultOf, descriptionOf, exampleOf, isOptional, unwrapped } from './schema-shape.ts';
import { staticSchema } from './static-schema.ts';

type Schema = z.core.$ZodType;

const schemas = { 'restante.yaml': staticSchema, 'domains.yaml': domainsSchema } as const;
export type ConfigFileName = keyof typeof schemas;
export const configFileNames = Object.keys(schemas) as ConfigFileName[];

/** An example of a configuration file with every key, annotated. It is valid as it stands. */
export function describeConfig(file: ConfigFileName): string {
  const schema = schemas[file];
  const lines = [
    `# ${file}: ${descriptionOf(schema)}`,
    '# Every key, with an example. A key marked (optional) may be left out.',
  ];
  describeObject(unwrapped(schema) as z.ZodObject, '', lines);
  return `${lines.join('\n')}\n`;
}

/** JSON Schema 2020-12 of a configuration file, for editors that complete and check YAML. */
export function configJsonSchema(file: ConfigFileName): object {
  return { title: file, ...z.toJSONSchema(schemas[file], { io: 'input', unrepresentable: 'any' }) };
}

function describeObject(schema: z.ZodObject, indent: string, lines: string[]): void {
  for (const [key, child] of Object.entries(schema.shape)) {
    lines.push(...(indent === '' ? [''] : []), ...comment(child, indent));
    describeValue(key, child, indent, lines);
  }
}

function describeValue(key: string, schema: Schema, indent: string, lines: string[]): void {
  const inner = unwrapped(schema);
  const deeper = `${indent}  `;
  if (inner instanceof z.ZodObject) {
    lines.push(`${indent}${key}:`);
    describeObject(inner, deeper, lines);
  } else if (inner instanceof z.ZodRecord) {
    const { exampleKey = 'name', example } = exampleOf(inner);
    lines.push(`${indent}${key}:`);
    if (unwrapped(inner.def.valueType) instanceof z.ZodObject) {
      describeValue(exampleKey, inner.def.valueType, deeper, lines);
    } else lines.push(`${deeper}${scalar(exampleKey)}: ${scalar(example)}`);
  } else if (inner instanceof z.ZodArray) {
    lines.push(`${indent}${key}:`);
    const element = unwrapped(inner.def.element);
    if (element instanceof z.ZodObject) {
      const items: string[] = [];
      describeObject(element, `${deeper}  `, items);
      lines.push(`${deeper}-`, ...items);
    } else lines.push(`${deeper}- ${scalar(exampleOf(inner.def.element).example)}`);
  } else {
    lines.push(`${indent}${key}: ${scalar(defaultOf(schema) ?? exampleOf(schema).example ?? '')}`);
  }
}

function comment(schema: Schema, indent: string): string[] {
  const inner = unwrapped(schema);
  const accepted = acceptedText(schema);
  const says = accepted !== 'text' && accepted !== 'true or false';
  const isScalar = !(inner instanceof z.ZodObject || inner instanceof z.ZodRecord || inner instanceof z.ZodArray);
  const notes = isOptional(schema) ? ['(optional)'] : [];
  const text = [...notes, descriptionOf(schema) ?? '', ...(isScalar && says ? [`Accepted: ${accepted}.`] : [])];
  const lines: string[] = [];
  let line = '';
  for (const word of text.join(' ').trim().split(' ')) {
    if (line !== '' && indent.length + line.length + word.length > 96) {
      lines.push(`${indent}# ${line}`);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, `${indent}# ${line}`];
}

function scalar(value: unknown): string {
  return stringify(value, { lineWidth: 0 }).trimEnd();
}
