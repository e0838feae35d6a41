/** Seconds since 1970 (may be negative) and the microseconds beyond them. */
export type Instant = readonly [seconds: number, microseconds: number];

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/**
 * `2026-11-20T21:38:00.123456Z` (RFC 3339, UTC, always six digits). The calendar is reckoned here because the taps'
 * machine has no Date. Years count from March, so that a leap day is the last of its year.
 */
export function formatTime(instant: Instant): string {
  const seconds = instant[0];
  const days = Math.floor(seconds / 86400);
  const ofDay = seconds - days * 86400;
  const sinceMarch0 = days + 719468; // days since 0000-03-01
  const era = Math.floor(sinceMarch0 / 146097); // of 400 years
  const dayOfEra = sinceMarch0 - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  const date = `${year < 0 ? "-" : ""}${pad(Math.abs(year), 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  const time = `${pad(Math.floor(ofDay / 3600), 2)}:${pad(Math.floor(ofDay / 60) % 60, 2)}:${pad(ofDay % 60, 2)}`;
  return `${date}T${time}.${pad(instant[1], 6)}Z`;
}
