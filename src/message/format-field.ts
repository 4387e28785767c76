/** RFC 5322 §2.1.1: lines should have at most 78 characters. */
const LINE = 78;

/**
 * A header field with its line end, folded at spaces where it is long. Line ends in the value become spaces.
 * Source: RFC 5322 §2.2.3
 */
export function formatField(name: string, value: string): string {
  const field = `${name}: ${value.replace(/[\r\n\x00]+/g, ' ').trim()}`;
  if (field.length <= LINE) return `${field}\r\n`;
  let text = '';
  let line = `${name}:`;
  for (const word of field.slice(line.length + 1).split(' ')) {
    // A line of blanks only would be no fold but the end of the field, so empty words stay on the line.
    if (line.length + 1 + word.length > LINE && line.trim() !== '' && word !== '' && line !== `${name}:`) {
      text += `${line}\r\n`;
      line = ` ${word}`;
    } else line += ` ${word}`;
  }
  return `${text}${line}\r\n`;
}
