/** What writes numbers or instants as a locale does. */
interface Format {
  format: (value: number) => string;
}

/**
 * Writes a value by the locale's format, with whatever else the format is made from.
 *
 * Formats are costly to make and are asked for each second: each that is made is kept.
 */
export function keptFormat<Rest extends string[]>(
  make: (locale: string, ...rest: Rest) => Format,
): (locale: string, value: number, ...rest: Rest) => string {
  const made = new Map<string, Format>();
  return (locale, value, ...rest) => {
    const name = [locale, ...rest].join(' ');
    const format = made.get(name) ?? make(locale, ...rest);
    made.set(name, format);
    return format.format(value);
  };
}
