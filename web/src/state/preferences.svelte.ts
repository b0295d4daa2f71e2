import { en, type Dictionary } from '../i18n/en.ts';
import { describeProblem, type Language } from '../i18n/problems.ts';
import { zh } from '../i18n/zh.ts';
import { asProblem } from '../api/problem.ts';
import { formats } from '../i18n/format.ts';

export type Theme = 'system' | 'light' | 'dark';

const languages: Record<Language, { tag: string; dictionary: Dictionary }> = {
  en: { tag: 'en', dictionary: en },
  zh: { tag: 'zh-CN', dictionary: zh },
};

/** What this browser remembers of how its user likes the page: language and colours. */
class Preferences {
  #language = $state<Language>(firstLanguage());
  #theme = $state<Theme>(firstTheme());
  readonly format = $derived(formats(languages[this.#language].tag));

  constructor() {
    this.#show();
  }

  get t(): Dictionary {
    return languages[this.#language].dictionary;
  }

  get language(): Language {
    return this.#language;
  }

  set language(language: Language) {
    this.#language = language;
    remember('language', language);
    this.#show();
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    remember('theme', theme);
    this.#show();
  }

  /** The words for whatever was thrown, in the language of the page. */
  explain(error: unknown): string {
    return describeProblem(asProblem(error), this.#language);
  }

  /** Until when something is valid, or since when it is not. */
  validity(expiresAt: string): string {
    const date = this.format.date(expiresAt);
    const isOver = new Date(expiresAt) < new Date();
    return isOver ? this.t.settings.expired(date) : this.t.settings.until(date);
  }

  #show(): void {
    const root = document.documentElement;
    root.lang = languages[this.#language].tag;
    if (this.#theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = this.#theme;
  }
}

function firstLanguage(): Language {
  const stored = recall('language');
  if (stored === 'en' || stored === 'zh') return stored;
  return navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag))?.startsWith('zh') ? 'zh' : 'en';
}

function firstTheme(): Theme {
  const stored = recall('theme');
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

// Storage may be switched off in a browser; the page then works without a memory.
function recall(key: string): string | null {
  try {
    return localStorage.getItem(`sourcebook.${key}`);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`sourcebook.${key}`, value);
  } catch {
    return;
  }
}

export const ui = new Preferences();
