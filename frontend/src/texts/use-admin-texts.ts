import { admin as de } from './de/admin';
import { type AdminTexts, admin as en } from './en/admin';
import { localeOf } from './language';
import { useLanguage } from './use-language';

const CATALOGUES = { en, de } as const;

/** The catalogue of one language, and the locale that writes its numbers and dates. */
export interface AdminWords {
  texts: AdminTexts;
  locale: string;
}

/** What an admin reads in the page's language; apart from the shop's, whose visitors never load it. */
export function useAdminTexts(): AdminWords {
  const language = useLanguage();
  return { texts: CATALOGUES[language], locale: localeOf(language) };
}
