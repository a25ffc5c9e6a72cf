import { chooseLanguage, LANGUAGES, type Language } from '../texts/language';
import { useLanguage } from '../texts/use-language';
import { useShopTexts } from '../texts/use-shop-texts';

/** The languages of the page, each by its own name. */
export function LanguageChoice() {
  const chosen = useLanguage();
  const { texts } = useShopTexts();
  const languages = Object.entries(LANGUAGES) as [Language, string][];
  return (
    <div role="group" aria-label={texts.languages} className="flex gap-1">
      {languages.map(([language, name]) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={language === chosen}
          className="min-h-11 rounded-xl px-3 font-medium hover:text-ink aria-pressed:text-ink aria-pressed:underline aria-pressed:underline-offset-4"
          onClick={() => chooseLanguage(language)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
