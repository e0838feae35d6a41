const MOST = 128;

/** The beginning of a long text of somebody else, for a message about it. */
export function shorten(text: string): string {
  return text.length <= MOST ? text : `${text.slice(0, MOST)}...`;
}
