/** Prometheus metrics, text format 0.0.4. Names are `restante_<part>_<what>_<unit>`; label values come from small fixed sets. */
export interface Counter {
  add(value?: number, labels?: Record<string, string>): void;
  /** Counts under one set of labels: for who does so often. */
  labelled(labels: Record<string, string>): () => void;
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

function seriesName(name: string, key: string): string {
  return key === '' ? name : `${name}{${key}}`;
}

function seriesKey(known: ReadonlyMap<string, unknown>, labels: Record<string, string> | undefined): string {
  const key = labelKey(labels);
  if (labels === undefined || known.has(key) || known.size < maxSeriesPerMetric) return key;
  return labelKey(Object.fromEntries(Object.keys(labels).map((name) => [name, 'other'])));
}

class Values {
  readonly #values = new Map<string, number>();

  key(labels: Record<string, string> | undefined): string {
    return seriesKey(this.#values, labels);
  }

  add(value: number, labels?: Record<string, string>): void {
    this.addTo(this.key(labels), value);
  }

  addTo(key: string, value: number): void {
    this.#values.set(key, (this.#values.get(key) ?? 0) + value);
  }

  set(value: number, labels?: Record<string, string>): void {
    this.#values.set(this.key(labels), value);
  }

  lines(name: string): string[] {
    return [...this.#values].map(([key, value]) => `${seriesName(name, key)} ${value}`);
  }
}

export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #collectors: (() => void)[] = [];

  counter(name: string, help: string): Counter {
    const values = new Values();
    this.#register({ name, help, type: 'counter', lines: () => values.lines(name) });
    return {
      add: (value = 1, labels) => values.add(value, labels),
      labelled(labels) {
        const key = values.key(labels);
        return () => values.addTo(key, 1);
      },
    };
  }

  gauge(name: string, help: string): Gauge {
    const values = new Values();
    this.#register({ name, help, type: 'gauge', lines: () => values.lines(name) });
    return { set: (value, labels) => values.set(value, labels), add: (value, labels) => values.add(value, labels) };
  }

  /** @param buckets ascending upper bounds, in the unit that the name ends with */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    const series = new Map<string, { counts: number[]; sum: number }>();
    const lines = (): string[] =>
      [...series].flatMap(([key, { counts, sum }]) => {
        let total = 0;
        const ofBuckets = counts.map((count, at) => {
          total += count;
          const le = `le="${buckets[at] ?? '+Inf'}"`;
          return `${seriesName(`${name}_bucket`, key === '' ? le : `${key},${le}`)} ${total}`;
        });
        return [
          ...ofBuckets,
          `${seriesName(`${name}_sum`, key)} ${sum}`,
          `${seriesName(`${name}_count`, key)} ${total}`,
        ];
      });
    this.#register({ name, help, type: 'histogram', lines });
    return {
      observe(value, labels) {
        const key = seriesKey(series, labels);
        let one = series.get(key);
        if (one === undefined) {
          // By the first bucket a value is in: it is in all after it too. The last is for those above all bounds.
          one = { counts: Array.from({ length: buckets.length + 1 }, () => 0), sum: 0 };
          series.set(key, one);
        }
        let at = 0;
        while (at < buckets.length && value > buckets[at]!) at++;
        one.counts[at]!++;
        one.sum += value;
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
