/**
 * Parses what a step wrote to `GITHUB_OUTPUT` and its siblings: `name=value` lines, or `name<<DELIMITER`
 * blocks. Whichever of `=` and `<<` comes first decides; a bad line fails the step.
 */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  // A closing delimiter counts only when its line is ended.
  const last = lines.pop();
  if (last !== "" && last !== undefined) throw new Error(`line without an end: ${last}`);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line === "") continue;
    const equals = line.indexOf("=");
    const heredoc = line.indexOf("<<");
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      values[nameOf(line, equals)] = line.slice(equals + 1);
    } else if (heredoc >= 0) {
      const end = lines.indexOf(line.slice(heredoc + 2), index + 1);
      if (end < 0) throw new Error(`no closing delimiter for: ${line}`);
      values[nameOf(line, heredoc)] = lines.slice(index + 1, end).join("\n");
      index = end;
    } else {
      throw new Error(`invalid format: ${line}`);
    }
  }
  return values;
}

function nameOf(line: string, end: number): string {
  if (end === 0) throw new Error(`name must not be empty: ${line}`);
  return line.slice(0, end);
}
