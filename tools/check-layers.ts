// Fails when a file below src/ imports from a folder that the table in layers.ts does not allow it.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { argv } from 'node:process';
import { layers } from './layers.ts';

/** @returns one line for each import that points where it may not */
export function checkLayers(root: string): string[] {
  const source = join(root, 'src');
  const faults: string[] = [];
  for (const file of globSync('**/*.ts', { cwd: source })) {
    const folder = file.includes(sep) ? file.slice(0, file.indexOf(sep)) : '';
    // main.ts and its folder wire everything.
    if (folder === '' || folder === 'wiring') continue;
    const allowed = layers[folder];
    if (allowed === undefined) {
      faults.push(`src/${file}: the folder "${folder}" is not in tools/layers.ts`);
      continue;
    }
    // Tests stand beside what they test but may start any part, and so may what several of them share.
    if (/(?:\.test|-fixture|\.contract|-until-killed)\.ts$|-fixture\//.test(file)) continue;
    const text = readFileSync(join(source, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/(?:\bfrom|\bimport\(?|new URL\()\s*['"](\.[^'"]*)['"]/g)) {
      const imported = relative(source, resolve(source, dirname(file), target));
      if (imported.startsWith('..')) {
        if (imported !== join('..', 'package.json')) faults.push(`src/${file}: imports "${target}" from outside src/`);
        continue;
      }
      if (/-fixture(?:\.ts$|\/)/.test(imported)) faults.push(`src/${file}: imports "${target}", which is for tests`);
      const top = imported.split(sep)[0] ?? '';
      if (top !== folder && top !== 'runtime' && !allowed.includes(top)) {
        faults.push(`src/${file}: ${folder} may not import ${top} ("${target}")`);
      }
    }
  }
  return faults;
}

if (argv[1] === import.meta.filename) {
  const faults = checkLayers(dirname(import.meta.dirname));
  for (const fault of faults) console.error(fault);
  console.error(faults.length === 0 ? 'layers: OK' : `layers: ${faults.length} imports point where they may not`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
