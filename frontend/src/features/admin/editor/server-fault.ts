import type { AdminWords } from '../../../texts/use-admin-texts';

/** What the server says of a field that a form can send, each with the values that its own words carry. */
const SENTENCES = {
  sku: /^must be 1 to 64 characters of/,
  text: /^must be text of (\d+) to (\d+) characters/,
  picture: /^must be a path of this origin .* allowed origins: (.+) \(STAMPEDE_IMAGE_ORIGINS/,
  amount: /^must be a whole number from .* in the smallest unit of the currency$/,
  wholeNumber: /^must be a whole number from (\d+) to (\d+)$/,
  currency: /ISO 4217/,
  window: /^must be after startTime$/,
} as const;

/** The server's sentence in an admin's words; null for one that the catalogue does not have. */
export function serverFaultText(sentence: string, { texts, locale }: AdminWords): string | null {
  const words = texts.serverFaults;
  for (const [name, pattern] of Object.entries(SENTENCES)) {
    const found = pattern.exec(sentence);
    if (!found) continue;
    const [, first = '', second = ''] = found;
    const text = words[name as keyof typeof SENTENCES];
    return typeof text === 'string' ? text : text(counted(first, locale), counted(second, locale));
  }
  return null;
}

const counted = (value: string, locale: string) =>
  /^\d+$/.test(value) ? Number(value).toLocaleString(locale) : value;
