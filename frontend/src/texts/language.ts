import { readStored, writeStored } from '../lib/local-store';
import { Observable } from '../lib/observable';

/** The languages that the page speaks, each with its name in itself. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;

export type Language = keyof typeof LANGUAGES;

const STORED_AS = 'stampede:language';

/** The page's language: the chosen one, else the first of the browser's that the page speaks, else English. */
export const language = new Observable<Language>(
  [readStored(STORED_AS) ?? '', ...navigator.languages].map(spoken).find((known) => known !== null) ?? 'en',
);

const declare = () => {
  document.documentElement.lang = language.get();
};
language.subscribe(declare);
declare();

export function chooseLanguage(chosen: Language): void {
  writeStored(STORED_AS, chosen);
  language.set(chosen);
}

/** The language as this reader's region writes dates and numbers: "en-GB" for "en", if the browser says so. */
export function localeOf(spokenHere: Language): string {
  return navigator.languages.find((tag) => spoken(tag) === spokenHere) ?? spokenHere;
}

function spoken(tag: string): Language | null {
  const primary = tag.toLowerCase().split('-')[0] ?? '';
  return Object.hasOwn(LANGUAGES, primary) ? (primary as Language) : null;
}
