/** The observer's note in place of lines that it dropped. */
export function missingLinesNote(count: number): string {
  return `${count} pod lines are missing here: too many were waiting`;
}

/** Whether a text is a note of the observer: a missing-lines note or a complaint. */
export function isObserverNote(text: string): boolean {
  return text.startsWith("Cannot ") || text === missingLinesNote(Number.parseInt(text, 10));
}
