/** Prometheus metrics, text format 0.0.4. Names are `restante_<part>_<what>_<unit>`; label values come from small fixed sets. */
export interface Counter {
  add(value?: number, labels?: Record<string, string>): void;
}
export interface Gauge {
  set(value: number, labels?: Record<string, string>): void;
  add(value: number, labels?: Record<string, string>): void;
}
export interface Histogram {
  observe(value: number, labels?: Record<string, string>): void;
}

interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  lines(): string[];
}

/** A label value that a stranger chose must not make a metric grow for ever: further sets of labels are counted under `other`. */
const maxSeriesPerMetric = 1000;

function escapeLabel(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function labelKey(labels: Record<string, string> | undefined): string {
  if (labels === undefined) return '';
  const names = Object.keys(labels).sort();
  return names.map((name) => `${name}="${escapeLabel(labels[name] ?? '')}"`).join(',');
}

class Values {
  readonly #values = new Map<string, number>();

  key(labels: Record<string, string> | undefined): string {
    const key = labelKey(labels);
    if (this.#values.has(key) || this.#values.size < maxSeriesPerMetric || labels === undefined) return key;
    return labelKey(Object.fromEntries(Object.keys(labels).map((name) => [name, 'other'])));
  }

  add(value: number, labels?: Record<string, string>): void {
    const key = this.key(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + value);
  }

  set(value: number, labels?: Record<string, string>): void {
    this.#values.set(this.key(labels), value);
  }

  lines(name: string): string[] {
    return [...this.#values].map(([key, value]) => `${name}${key === '' ? '' : `{${key}}`} ${value}`);
  }
}

export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #collectors: (() => void)[] = [];

  counter(name: string, help: string): Counter {
    const values = new Values();
    this.#register({ name, help, type: 'counter', lines: () => values.lines(name) });
    return { add: (value = 1, labels) => values.add(value, labels) };
  }

  gauge(name: string, help: string): Gauge {
    const values = new Values();
    this.#register({ name, help, type: 'gauge', lines: () => values.lines(name) });
    return { set: (value, labels) => values.set(value, labels), add: (value, labels) => values.add(value, labels) };
  }

  /** @param buckets ascending upper bounds, in the unit that the name ends with */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    const counts = new Values();
    const sums = new Values();
    const totals = new Values();
    this.#register({
      name,
      help,
      type: 'histogram',
      lines: () => [...counts.lines(`${name}_bucket`), ...sums.lines(`${name}_sum`), ...totals.lines(`${name}_count`)],
    });
    return {
      observe(value, labels) {
        for (const bound of buckets) {
          counts.add(value <= bound ? 1 : 0, { ...labels, le: String(bound) });
        }
        counts.add(1, { ...labels, le: '+Inf' });
        sums.add(value, labels);
        totals.add(1, labels);
      },
    };
  }

  /** Called before each rendering, to set gauges from what is so at that moment. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  render(): string {
    for (const collect of this.#collectors) collect();
    const lines: string[] = [];
    for (const family of this.#families.values()) {
      lines.push(`# HELP ${family.name} ${family.help}`, `# TYPE ${family.name} ${family.type}`, ...family.lines());
    }
    return `${lines.join('\n')}\n`;
  }

  #register(family: Family): void {
    if (this.#families.has(family.name)) throw new TypeError(`Cannot register metric "${family.name}": it exists`);
    this.#families.set(family.name, family);
  }
}
