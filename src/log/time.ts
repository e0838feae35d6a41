/** Seconds since 1970 (may be negative) and microseconds (0 to 999999). */
export type Instant = readonly [seconds: number, microseconds: number];

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/** Floor division; the remainder is never negative. Without Math, which QuickJS creates on first use. */
function quotient(value: number, divisor: number): number {
  return (value - rest(value, divisor)) / divisor;
}

function rest(value: number, divisor: number): number {
  const remainder = value % divisor;
  return remainder < 0 ? remainder + divisor : remainder;
}

/**
 * `2026-11-20T21:38:00.123456Z` (RFC 3339, UTC, always six digits). The date is calculated here because the
 * taps run without Date. Years start in March, so that a leap day is the last day of its year.
 */
export function formatTime(instant: Instant): string {
  const ofDay = rest(instant[0], 86400);
  const sinceMarch0 = quotient(instant[0], 86400) + 719468; // days since 0000-03-01
  const dayOfEra = rest(sinceMarch0, 146097); // an era has 400 years
  const leapDays = quotient(dayOfEra, 1460) - quotient(dayOfEra, 36524) + quotient(dayOfEra, 146096);
  const yearOfEra = quotient(dayOfEra - leapDays, 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + quotient(yearOfEra, 4) - quotient(yearOfEra, 100));
  const monthFromMarch = quotient(5 * dayOfYear + 2, 153);
  const day = dayOfYear - quotient(153 * monthFromMarch + 2, 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = quotient(sinceMarch0, 146097) * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  const digits = `${year < 0 ? -year : year}`;
  const years = `${year < 0 ? "-" : ""}${"000".slice(digits.length - 1)}${digits}`;
  const micros = `${1000000 + instant[1]}`.slice(1);
  const time = `${two(quotient(ofDay, 3600))}:${two(rest(quotient(ofDay, 60), 60))}:${two(rest(ofDay, 60))}`;
  return `${years}-${two(month)}-${two(day)}T${time}.${micros}Z`;
}
