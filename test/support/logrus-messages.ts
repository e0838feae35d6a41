/** The messages of logrus' complete lines for a file or pipe, without time, level and fields. */
export function logrusMessages(said: string): string[] {
  const lines = said.split("\n").slice(0, -1);
  return lines.map((line) => {
    const quoted = /^time="[^"]+" level=\w+ msg=("(?:\\.|[^"])*"|\S+)/.exec(line)?.[1];
    if (quoted === undefined) return `not a line of logrus: ${line}`;
    return quoted.startsWith('"') ? String(JSON.parse(quoted.replace(/\\x(..)/g, "\\u00$1"))) : quoted;
  });
}
