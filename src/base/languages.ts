/**
 * Languages that texts of a network may be written in (ISO 639-1). The first that a text has is what every node shows where
 * nobody chooses: the order must stay, and others only be added at the end.
 */
export const LANGUAGES = ['en', 'nl', 'fi', 'pl'] as const

export type Language = (typeof LANGUAGES)[number]

/** One text in several languages. */
export type Translations = Readonly<Partial<Record<Language, string>>>

/** The language that a tag such as `nl-BE` or `nl_BE` begins with, in any case; null when it is none of {@link LANGUAGES}. */
export function languageOfTag(tag: string): Language | null {
  const primary = tag.split(/[-_.@]/, 1)[0]?.toLowerCase()
  return LANGUAGES.find((language) => language === primary) ?? null
}
