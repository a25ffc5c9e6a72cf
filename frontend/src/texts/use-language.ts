import { useSyncExternalStore } from 'react';
import { type Language, language } from './language';

/** The page's language; the component is rendered again when the reader chooses another. */
export const useLanguage = (): Language => useSyncExternalStore(language.subscribe, language.get);
