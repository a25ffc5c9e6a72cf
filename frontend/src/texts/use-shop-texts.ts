import { shop as de } from './de/shop';
import { shop as en, type ShopTexts } from './en/shop';
import { localeOf } from './language';
import { useLanguage } from './use-language';

const CATALOGUES = { en, de } as const;

/** The catalogue of one language, and the locale that writes its numbers and dates. */
export interface Words {
  texts: ShopTexts;
  locale: string;
}

/** What shoppers read in the page's language. */
export function useShopTexts(): Words {
  const language = useLanguage();
  return { texts: CATALOGUES[language], locale: localeOf(language) };
}
