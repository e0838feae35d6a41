/** The year 10000. */
const END_OF_TIME = 253_402_300_800_000;

/** Milliseconds since 1970 of RFC 3339 in UTC, with fractions; null if it is no time. */
export function timeOf(time: string | null): number | null {
  if (time === null) return null;
  if (time.length === 27) {
    const year = digits(time, 0, 4);
    const hours = Date.UTC(year, digits(time, 5, 2) - 1, digits(time, 8, 2), digits(time, 11, 2));
    const ms = hours + digits(time, 14, 2) * 60_000 + digits(time, 17, 2) * 1000 + digits(time, 20, 6) / 1000;
    if (year >= 1970 && ms < END_OF_TIME) return ms;
  }
  const ms = Date.parse(`${time.slice(0, 19)}Z`) + Number(`0.${time.slice(20, -1)}`) * 1000;
  return ms >= 0 && ms < END_OF_TIME ? ms : null;
}

/** NaN if there is anything but digits. Date.parse takes ten times as long. */
function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
